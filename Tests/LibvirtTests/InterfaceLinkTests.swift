import Testing

@testable import Libvirt

@Suite("The link of a network interface")
struct InterfaceLinkTests {
    private static let up = """
        <interface type='network'>
              <mac address='52:54:00:00:00:01'/>
              <source network='dmz'/>
              <model type='virtio'/>
            </interface>
        """
    private static let down = """
        <interface type='user'>
              <mac address='52:54:00:00:00:02'/>
              <link state='down'/>
            </interface>
        """

    @Test("is found for each interface, and for none where there is none")
    func found() {
        let xml = "<domain>\n  <devices>\n    \(Self.up)\n    \(Self.down)\n  </devices>\n</domain>"
        #expect(InterfaceLink.interfaces(in: xml) == [Self.up, Self.down])
        #expect(InterfaceLink.interfaces(in: "<domain><devices/></domain>") == [])
    }

    @Test("is put in or replaced, and nothing else is changed", arguments: [up, down], [true, false])
    func changed(interface: String, up: Bool) {
        let lines = InterfaceLink.set(interface, up: up).split(separator: "\n").map(String.init)
        let link = "<link state='\(up ? "up" : "down")'/>"
        #expect(lines.filter { $0.contains("<link") } == [link])
        let others = interface.split(separator: "\n").map(String.init).filter { !$0.contains("<link") }
        #expect(lines.filter { !$0.contains("<link") } == others)
        #expect(lines.last?.hasSuffix("</interface>") == true)
    }
}

/// The network interfaces in a domain's description as libvirt prints it, and the state of their links.
///
/// libvirt wants the whole element again to change one thing of it; it is cut out and changed as text, which
/// libvirt itself has written: each element on lines of its own, all values escaped.
package enum InterfaceLink {
    /// The `interface` elements, as they stand there.
    package static func interfaces(in xml: String) -> [String] { elements("interface", in: xml) }

    /// The elements of that name that have attributes and content, as they stand there.
    package static func elements(_ name: String, in xml: String) -> [String] {
        var found: [String] = []
        var rest = xml[...]
        while let start = rest.firstRange(of: "<\(name) "),
            let end = rest[start.upperBound...].firstRange(of: "</\(name)>")
        {
            found.append(String(rest[start.lowerBound..<end.upperBound]))
            rest = rest[end.upperBound...]
        }
        return found
    }

    /// The same interface with its link up or down.
    static func set(_ interface: String, up: Bool) -> String {
        let lines = interface.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("<link ") }
        let link = "<link state='\(up ? "up" : "down")'/>"
        return (lines.dropLast() + [link[...]] + lines.suffix(1)).joined(separator: "\n")
    }
}

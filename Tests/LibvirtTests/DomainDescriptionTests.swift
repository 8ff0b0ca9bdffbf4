import Foundation
@testable import Libvirt
import Testing

/// One after the other: libvirt's test driver keeps domains by name for the whole process.
@Suite("The description of a machine", .serialized)
struct DomainDescriptionTests {
    static let machine = DomainDescription(
        name: "bivouac-demo-4711.0", uuid: "00000000-0006-4000-8000-000000000001", title: "job 4711 of alice",
        kind: .kvm, memory: 448 << 20, processors: 2, hostProcessors: [5, 4], capped: true,
        overlay: .init(path: "/m/overlay.qcow2", format: .qcow2, group: "overlay"),
        base: .init(path: "/i/base", format: .raw, group: "base"),
        context: .init(path: "/m/context.iso", format: .raw, group: "context"),
        tools: .init(path: "/t/tools.iso", format: .raw),
        controlSocket: "/r/control.sock", payloadSocket: "/r/payload.sock", console: "/m/console.log",
        uid: 994, gid: 993)

    /// The description with another value somewhere.
    static func changed(_ change: (inout DomainDescription) -> Void) -> DomainDescription {
        var machine = machine
        change(&machine)
        return machine
    }

    /// What libvirt's test driver makes of the description after checking it against the schema.
    ///
    /// The driver has domains of its own type and processor alone and takes no descriptors; the schema is looked
    /// at before that.
    private func read(_ machine: DomainDescription) throws -> String {
        var machine = machine
        machine.uuid = UUID().uuidString.lowercased()
        let xml = try machine.xml()
            .replacingOccurrences(of: "<domain type='\(machine.kind.rawValue)'", with: "<domain type='test'")
            .replacingOccurrences(of: "arch='x86_64' machine='q35'", with: "arch='i686'")
            .replacingOccurrences(of: " fdgroup='[a-z]*'", with: "", options: .regularExpression)
        let connection = try Connection.open("test:///default")
        let domain = try connection.define(xml, validating: true)
        defer { try? domain.undefine() }
        return try domain.xml()
    }

    static let variants = [
        machine, changed { $0.kind = .qemu }, changed { $0.hostProcessors = [] },
        changed { $0.capped = false },
        changed { $0.base.format = .qcow2 }, changed { $0.overlay.group = nil }, attached,
    ]

    /// One with all that a job may have of its host.
    static let attached = changed {
        $0.userDisk = .init(path: "/u/disk.raw", format: .raw, group: "userdisk")
        $0.userDiskSerial = "bivouac-user-disk"
        $0.shares = [.init(tag: "share0", socket: "/m/share0"), .init(tag: "share1", socket: "/m/share1")]
    }

    @Test("shares directories through a process that QEMU calls, with memory that it can be given")
    func shares() throws {
        let xml = try Self.attached.xml()
        let shares = xml.components(separatedBy: "<filesystem type='mount'>").dropFirst()
        #expect(shares.count == 2)
        for (number, share) in shares.enumerated() {
            #expect(share.contains("<driver type='virtiofs'/>"))
            #expect(share.contains("<source socket='/m/share\(number)'/>"))
            #expect(share.contains("<target dir='share\(number)'/>"))
        }
        #expect(xml.contains("<source type='memfd'/>") && xml.contains("<access mode='shared'/>"))
        // Memory that nobody else has to see is no one's but QEMU's.
        #expect(try !Self.machine.xml().contains("<memoryBacking>"))
        #expect(throws: DescriptionError.self) {
            try Self.changed { $0.shares = [.init(tag: "a", socket: "s")] }.xml()
        }
    }

    @Test(
        "keeps a user's disk whole: it is flushed when the guest asks for it, and known by its serial number")
    func userDisk() throws {
        let disks = try Self.attached.xml().components(separatedBy: "<disk ").dropFirst()
        let disk = try #require(disks.last)
        #expect(disks.count == 4)
        #expect(
            disk.contains("<driver name='qemu' type='raw' cache='writeback' error_policy='enospace'/>"))
        #expect(disk.contains("<source file='/u/disk.raw' fdgroup='userdisk'>"))
        #expect(disk.contains("<serial>bivouac-user-disk</serial>"))
        #expect(disk.contains("<target dev='vdd' bus='virtio'/>") && !disk.contains("<readonly/>"))
    }

    @Test("fits libvirt's schema, whatever it asks for", arguments: variants)
    func schema(_ machine: DomainDescription) throws {
        #expect(try read(machine).contains("<name>bivouac-demo-4711.0</name>"))
    }

    @Test("has three disks: the overlay over the base, and two volumes that cannot be written")
    func disks() throws {
        let xml = try DomainDescriptionTests.machine.xml()
        let disks = xml.components(separatedBy: "<disk ").dropFirst()
        #expect(disks.count == 3)
        #expect(xml.components(separatedBy: "<source file=").count == 5)
        for source in xml.components(separatedBy: "<source file=").dropFirst() {
            #expect(
                source.components(separatedBy: "</source>")[0]
                    .contains("<seclabel model='dac' relabel='no'/>"))
        }
        let (overlay, context, tools) = (disks[1], disks[2], disks[3])
        #expect(overlay.contains("<target dev='vda' bus='virtio'/>") && !overlay.contains("<readonly/>"))
        #expect(overlay.contains("<source file='/i/base' fdgroup='base'>"))
        #expect(context.contains("<target dev='vdb' bus='virtio'/>") && context.contains("<readonly/>"))
        #expect(tools.contains("<target dev='vdc' bus='virtio'/>") && tools.contains("<readonly/>"))
        #expect(tools.contains("<source file='/t/tools.iso'>"))
    }

    @Test("has no device that a job has no use for, and no network")
    func devices() throws {
        let xml = try DomainDescriptionTests.machine.xml()
        #expect(xml.contains("<controller type='usb' model='none'/>"))
        #expect(xml.contains("<memballoon model='none'/>"))
        for device in ["<video", "<graphics", "<sound", "<interface", "<input", "<hostdev", "<filesystem"] {
            #expect(!xml.contains(device), "\(device)")
        }
    }

    @Test("ends the machine when the guest ends, restarts or crashes")
    func endings() throws {
        let xml = try DomainDescriptionTests.machine.xml()
        for event in ["poweroff", "reboot", "crash"] {
            #expect(xml.contains("<on_\(event)>destroy</on_\(event)>"))
        }
    }

    @Test("names the account by number and never root")
    func account() throws {
        #expect(try DomainDescriptionTests.machine.xml().contains("<label>+994:+993</label>"))
        for machine in [Self.changed { $0.uid = 0 }, Self.changed { $0.gid = 0 }] {
            #expect(throws: DescriptionError.self) { try machine.xml() }
        }
    }

    @Test("pins each processor under KVM, all of the machine always, and caps it to what was granted")
    func processors() throws {
        let kvm = try DomainDescriptionTests.machine.xml()
        #expect(kvm.contains("<vcpu placement='static' cpuset='4,5'>2</vcpu>"))
        #expect(kvm.contains("<vcpupin vcpu='0' cpuset='5'/>"))
        #expect(kvm.contains("<vcpupin vcpu='1' cpuset='4'/>"))
        #expect(kvm.contains("<emulatorpin cpuset='4,5'/>"))
        #expect(kvm.contains("<global_quota>200000</global_quota>"))
        let qemu = try Self.changed { $0.kind = .qemu }.xml()
        #expect(qemu.contains("<vcpu placement='static' cpuset='4,5'>2</vcpu>"))
        #expect(!qemu.contains("<vcpupin"))
        let free = try Self.changed {
            $0.hostProcessors = []
            $0.capped = false
        }.xml()
        #expect(free.contains("<vcpu placement='static'>2</vcpu>"))
        #expect(!free.contains("quota"))
    }

    @Test("tells a translated guest not to copy byte by byte, and a real processor's guest nothing of it")
    func copying() throws {
        let feature = "<feature policy='disable' name='erms'/>"
        #expect(try Self.changed { $0.kind = .qemu }.xml().contains(feature))
        #expect(!(try Self.changed { $0.kind = .kvm }.xml().contains(feature)))
    }

    @Test("keeps every text as it is, whatever it means to XML")
    func escaping() throws {
        let hostile = "a'b\"c<d>&amp;]]>é--<!-- -->"
        let machine = Self.changed {
            $0.name = "bivouac-\(hostile)"
            $0.title = hostile
            $0.overlay.path = "/m/\(hostile)"
            $0.console = "/c/\(hostile)"
            $0.payloadSocket = "/r/\(hostile)"
        }
        let read = try read(machine)
        func element(_ name: String) -> String {
            read.components(separatedBy: "<\(name)>")[1].components(separatedBy: "</\(name)>")[0]
        }
        func plain(_ text: some StringProtocol) -> String {
            text.replacingOccurrences(of: "&lt;", with: "<").replacingOccurrences(of: "&gt;", with: ">")
                .replacingOccurrences(of: "&apos;", with: "'").replacingOccurrences(of: "&quot;", with: "\"")
                .replacingOccurrences(of: "&amp;", with: "&")
        }
        #expect(plain(element("name")) == "bivouac-\(hostile)")
        #expect(plain(element("title")) == hostile)
        for path in ["/m/", "/c/", "/r/"] { #expect(plain(read).contains("'\(path)\(hostile)'")) }
    }

    @Test(
        "refuses control characters",
        arguments: ["\n", "\r", "\t", "\0", "\u{1}", "\u{7F}", "\u{85}", "\u{9F}", "\u{FFFE}", "\u{FFFF}"])
    func controlCharacters(text: String) {
        let scalar = text.unicodeScalars.first?.value ?? 0
        let error = #expect(throws: DescriptionError.self) {
            try Self.changed { $0.title = "a\(text)b" }.xml()
        }
        #expect(error == .controlCharacter(place: "title", value: scalar))
        #expect(throws: DescriptionError.self) { try Self.changed { $0.base.path = "/a\(text)b" }.xml() }
    }

    @Test(
        "refuses what makes no machine",
        arguments: [
            changed { $0.memory = 0 }, changed { $0.memory = -1 }, changed { $0.processors = 0 },
            changed { $0.processors = 256 }, changed { $0.hostProcessors = [-1] },
            changed { $0.overlay.path = "overlay" }, changed { $0.console = "" },
            changed { $0.controlSocket = "c" },
        ])
    func bounds(_ machine: DomainDescription) {
        let error = #expect(throws: DescriptionError.self) { try machine.xml() }
        #expect(error?.description.hasPrefix("the machine cannot be described: ") == true)
    }

    @Test("what a machine used is read from libvirt's names, and what is missing counts as nothing")
    func statistics() throws {
        let statistics = DomainStatistics([
            "cpu.time": .number(5), "cpu.user": .number(3), "cpu.system": .number(2),
            "balloon.current": .number(4), "balloon.rss": .number(6), "block.count": .number(1),
            "block.0.name": .text("vda"), "block.0.rd.reqs": .number(7), "block.0.rd.bytes": .number(8),
            "block.0.wr.reqs": .number(9), "block.0.wr.bytes": .number(10),
            "block.0.allocation": .number(11), "net.count": .number(1), "net.0.name": .text("vnet0"),
            "net.0.rx.bytes": .number(12), "net.0.rx.pkts": .number(13), "net.0.tx.bytes": .number(14),
            "net.0.tx.pkts": .number(15),
        ])
        #expect(
            statistics
                == DomainStatistics(
                    cpuTime: 5, cpuUser: 3, cpuSystem: 2, memory: 4096, residentMemory: 6144,
                    blocks: [
                        .init(
                            name: "vda", readRequests: 7, readBytes: 8, writeRequests: 9, writeBytes: 10,
                            allocatedBytes: 11)
                    ],
                    interfaces: [
                        .init(
                            name: "vnet0", receivedBytes: 12, receivedPackets: 13, sentBytes: 14,
                            sentPackets: 15)
                    ]))
        #expect(DomainStatistics([:]).blocks.isEmpty)
        let data = try JSONEncoder().encode(statistics)
        #expect(try JSONDecoder().decode(DomainStatistics.self, from: data) == statistics)
    }
}

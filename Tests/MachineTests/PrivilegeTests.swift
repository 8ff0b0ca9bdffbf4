import Foundation
import Testing

@Suite("The payload is the submitter and nothing more", .needsCluster)
struct PrivilegeTests {
    @Test("it has the submitter's user, group and supplementary groups")
    func account() async throws {
        let report = try await Inspection.report()
        let user = report.cluster.user
        let host = try await Command.require(["/usr/bin/id", "-G", user.name]).line.split(separator: " ").map(
            String.init)
        let lines = try await Inspection.lines("account")
        #expect(lines.count == 6)
        #expect(lines.first == "\(user.uid)")
        #expect(lines.dropFirst().first == "\(user.gid)")
        #expect(host.count > 1)
        #expect(Set(lines.dropFirst(2).first?.split(separator: " ").map(String.init) ?? []) == Set(host))
        #expect(lines.dropFirst(3).first == user.name)
        #expect(lines.last == "\(user.name):x:\(user.uid):\(user.gid)::\(user.home):/bin/sh")
        for field in ["Uid", "Gid"] {
            let id = field == "Uid" ? user.uid : user.gid
            let ids = try await Inspection.field(field, of: "status")?.split(separator: "\t").map(String.init)
            #expect(ids == Array(repeating: "\(id)", count: 4))
        }
    }

    @Test("it has no capability", arguments: ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
    func capabilities(set: String) async throws {
        let value = try #require(try await Inspection.field(set, of: "status"))
        #expect(UInt64(value, radix: 16) == 0)
    }

    @Test("it can gain no privilege")
    func noNewPrivileges() async throws {
        #expect(try await Inspection.field("NoNewPrivs", of: "status") == "1")
    }

    @Test("it leads a session of its own")
    func session() async throws {
        let lines = try await Inspection.lines("session")
        let pid = try #require(lines.last)
        #expect(lines.first == "\(pid) \(pid)" || lines.first?.hasSuffix(" \(pid)") == true)
    }

    @Test("su has the set-uid bit in the image and gives nothing, sudo neither")
    func setuid() async throws {
        let programs = try await Inspection.lines("setuid")
        #expect(programs.contains { $0.hasSuffix("/su") || $0.contains("busybox") })
        let lines = try await Inspection.lines("su")
        #expect(!lines.contains("0"))
        #expect(lines.last.map { $0.hasPrefix("status: ") && $0 != "status: 0" } == true)
        // The set-uid bit had no effect: the program does not come as far as asking for a password.
        #expect(lines.contains { $0.contains("suid") })
        #expect(try await Inspection.field("status", of: "sudo") != "0")
    }

    @Test("it cannot read or write its machine's disks", arguments: ["vda", "vdb", "vdc"])
    func disks(disk: String) async throws {
        #expect(try await Inspection.field("\(disk) exists", of: "disks") == "yes")
        #expect(try await Inspection.field("\(disk) read", of: "disks") == "no")
        #expect(try await Inspection.field("\(disk) written", of: "disks") == "no")
    }

    @Test("it cannot change the context volume")
    func context() async throws {
        #expect(try await Inspection.field("found", of: "context")?.hasSuffix("context.sh") == true)
        for what in ["append", "create", "remove", "remount", "bind"] {
            #expect(try await Inspection.field(what, of: "context") == "no", "\(what)")
        }
    }

    @Test(
        "it cannot reach the ports of its agent", arguments: ["org.bivouac.control", "org.bivouac.payload"])
    func ports(port: String) async throws {
        #expect(try await Inspection.field("\(port) exists", of: "ports") == "yes")
        #expect(try await Inspection.field("\(port) read", of: "ports") == "no")
        #expect(try await Inspection.field("\(port) written", of: "ports") == "no")
    }

    @Test("it cannot touch its agent")
    func agent() async throws {
        #expect(try await Inspection.field("pid", of: "agent") != nil)
        for what in ["killed", "memory read", "environment read", "descriptors listed"] {
            #expect(try await Inspection.field(what, of: "agent") == "no", "\(what)")
        }
    }

    @Test("it can do nothing that root can")
    func root() async throws {
        let lines = try await Inspection.lines("root")
        #expect(lines.count == 10)
        #expect(lines.filter { !$0.hasSuffix(": no") && !$0.hasPrefix("namespace:") } == [])
    }

    @Test("its machine has no network")
    func network() async throws {
        #expect(try await Inspection.lines("network") == ["lo"])
    }

    @Test("its machine is not the host")
    func machine() async throws {
        let lines = try await Inspection.lines("machine")
        #expect(lines.count == 4)
        #expect(lines.first != (try await Command.require(["/usr/bin/hostname"]).line))
        let boot = "/proc/sys/kernel/random/boot_id"
        #expect(lines.last != (try await Command.require(["/usr/bin/cat", boot]).line))
        #expect(
            lines.dropFirst(2).first != (try await Command.require(["/usr/bin/cat", "/proc/cmdline"]).line))
    }
}

import Foundation
import Job
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

extension HookTests {
    @Suite("The disk that a user keeps", .needsRoot)
    struct UserDiskTests {
        private static let user = Account(
            name: "nobody", uid: JobOnNode.nobody, gid: JobOnNode.nobody, groups: [], home: "/",
            shell: "/bin/sh")

        /// Makes the disk on the node; its file.
        private func make(_ node: Node, size: Int64 = 32) throws -> String {
            let machine = Record.Machine(
                account: "x", uid: 65_533, gid: 65_533, cpus: [0], memory: .mebibytes(128),
                virtualization: "qemu", reason: "")
            let disk = UserDisk(Self.user.uid, Places(root: node.root))
            try disk.make(.mebibytes(size), for: Self.user, machine, before: Deadline(seconds: 60))
            return node.path("var/lib/bivouac/users/\(Self.user.uid)/disk.raw")
        }

        @Test("is made once, root's file with a file system whose root is the user's")
        func made() throws {
            let node = try Node(refreshed: false)
            let file = try make(node)
            let status = try #require(try Files.status(file))
            #expect(status.uid == 0 && status.mode == 0o600 && status.size == 32 << 20)
            #expect(status.allocated < status.size / 2)
            let root = try Launch.run(["/sbin/debugfs", "-R", "stat <2>", file])
            #expect(root.text.contains("User: \(Self.user.uid)   Group: \(Self.user.gid)"), "\(root.text)")
            #expect(try Launch.run(["/sbin/e2fsck", "-fn", file]).status == 0)
            // Another size later is that of new disks.
            _ = try make(node, size: 64)
            #expect(try Files.status(file)?.inode == status.inode)
            #expect(try Files.status(file)?.size == status.size)
            #expect(node.names("var/lib/bivouac/users/\(Self.user.uid)") == ["disk.raw"])
        }

        @Test("is listed and removed by an operator, unless a job has it")
        func verbs() throws {
            let node = try Node(refreshed: false)
            #expect(try node.bivouac("disk", "list", "--json").text == "[]\n")
            _ = try make(node)
            let list = try node.bivouac("disk", "list")
            #expect(list.text.contains("nobody") && list.text.contains("32 MiB"), "\(list.text)")
            var record = Record(
                job: Job(
                    key: try #require(JobKey("t-1")), attempt: 0, account: Self.user, queue: "vm",
                    project: "",
                    nodes: 1, resources: Resources(cpus: 1, memory: .mebibytes(256), end: nil), words: []),
                attempt: 0, now: Timestamp(seconds: 0))
            record.phase = .running
            record.userDisk = true
            let key = try #require(JobKey("t-1"))
            let places = Places(root: node.root)
            _ = try LiveJob.create(record, key: key, places: places, before: Deadline(seconds: 5))
            let refused = try node.bivouac("disk", "remove", "nobody")
            #expect(refused.status == 75 && refused.errors.contains("t-1"), "\(refused.errors)")
            try Files.removeTree(places.job(key).path)
            #expect(try node.bivouac("disk", "remove", "nobody").status == 0)
            #expect(node.names("var/lib/bivouac/users") == [])
            #expect(try node.bivouac("disk", "remove", "nobody").status == 65)
            #expect(try node.bivouac("disk", "remove", "no such user").status == 64)
            let line = try #require(try node.audit().last { $0.event == "operator" })
            #expect(line.fields["action"] as? String == "disk remove")
            #expect(line.fields["uid"] as? Int == Int(Self.user.uid))
        }
    }
}

import Evidence
import Foundation
import Job
import TestSupport
import Testing
import Unix

extension HookTests {
    @Suite(
        "evidence diff of a file system that is read by guestfish", .serialized, .needsRoot,
        .needsProgram("/usr/bin/guestfish"), .needsProgram("/sbin/mkfs.xfs"))
    struct ForeignDiffTests {
        private let node: Node

        init() throws { node = try Node(refreshed: false) }

        /// A disk with one XFS in a partition that holds these: lines of mkfs.xfs's prototype.
        private func disk(_ name: String, _ lines: [String]) throws -> String {
            let (prototype, part, disk) = (node.path("\(name).proto"), node.path("part"), node.path(name))
            let text = (["/", "0 0", "d--755 0 0"] + lines + ["$", ""]).joined(separator: "\n")
            try Data(text.utf8).write(to: URL(fileURLWithPath: prototype))
            try Launch.require([
                "/bin/sh", "-ec",
                """
                truncate -s 320M "$1"
                mkfs.xfs -q -f -p "$0" "$1"
                truncate -s 321M "$2"
                printf 'label: dos\nlabel-id: 0x1\nstart=2048, type=83\n' | sfdisk -q --wipe never "$2"
                dd if="$1" of="$2" bs=1M seek=1 conv=notrunc,sparse status=none
                rm "$1"
                """, prototype, part, disk,
            ])
            return disk
        }

        private func file(_ text: String) throws -> String {
            let path = node.path(UUID().uuidString)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }

        /// Evidence of a machine whose disk began as the image and ended as this one.
        private func keep(_ disk: String) throws -> String {
            let image = node.path("image.qcow2")
            try Launch.require(["/usr/bin/qemu-img", "convert", "-O", "qcow2", node.path("image"), image])
            let list = node.path("foreign.list")
            try node.endorsement.sign(list, image: image)
            try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(list))
            try node.refresh()
            let fetched = try node.bivouac("image", "fetch", "demo/minimal", "--json")
            guard fetched.status == 0 else { throw Harness.error(fetched.errors) }
            let digest = try #require(node.names("var/lib/bivouac/images").first { $0.utf8.count == 128 })
            let overlay = node.path("overlay.qcow2")
            try Launch.require([
                "/usr/bin/qemu-img", "convert", "-O", "qcow2", "-B",
                node.path("var/lib/bivouac/images/\(digest)/image"), "-F", "qcow2", disk, overlay,
            ])
            return try EvidenceVerbTests.keep(node, "t-1.0", image: digest, overlay: overlay)
        }

        private func diff(_ path: String) throws -> (outcome: Outcome, json: [String: Any]) {
            let outcome = try Launch.run(
                [Built.bivouac, "evidence", "diff", path, "--json"],
                environment: ["BIVOUAC_ROOT": node.root], seconds: 600)
            let json = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            return (outcome, json ?? [:])
        }

        @Test("says what was added, changed, deleted and given away, and leaves nothing behind")
        func changes() throws {
            let (motd, tool) = (try file("welcome\n"), try file("tool\n"))
            _ = try disk(
                "image",
                [
                    "etc d--755 0 0", "motd ---644 0 0 \(motd)", "fstab ---644 0 0 \(tool)", "$",
                    "bin d--755 0 0", "tool ---755 0 0 \(tool)", "sh l--777 0 0 tool", "$",
                ])
            let changed = try disk(
                "changed",
                [
                    "etc d--755 0 0", "motd ---644 0 0 \(try file("WELCOME\n"))", "$",
                    "bin d--755 0 0", "tool ---755 1000 0 \(tool)", "sh l--777 0 0 back",
                    "back -u-755 0 0 \(tool)", "$",
                ])
            let (outcome, json) = try diff(try keep(changed))
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(json["complete"] as? Bool == true)
            let part = try #require((json["parts"] as? [[String: Any]])?.first)
            #expect(part["name"] as? String == "partition 1" && part["kind"] as? String == "xfs")
            let changes = (part["changes"] as? [[String: Any]] ?? []).filter { $0["noise"] as? Bool != true }
            #expect(
                changes.map { change in
                    let words = ["aspects", "concerns"].flatMap { change[$0] as? [String] ?? [] }
                    return ([change["kind"] as? String ?? "", change["path"] as? String ?? ""] + words)
                        .joined(separator: " ")
                } == [
                    "added /bin/back setuid", "changed /bin/sh target", "changed /bin/tool owner",
                    "deleted /etc/fstab boot", "changed /etc/motd content",
                ])
            #expect(outcome.errors.contains("guestfish reads it"))
            #expect(outcome.errors.contains("the machine's disk: "))
            #expect(node.names("var/lib/bivouac/looks") == [])
            #expect(try Self.processes(mentioning: node.root) == [])
        }

        @Test("tells why it cannot be read, and that something is missing")
        func unreadable() throws {
            _ = try disk("image", [])
            let changed = try disk("changed", [])
            // The root directory's inode is no inode any more.
            let handle = try #require(FileHandle(forUpdatingAtPath: changed))
            for offset in stride(from: 1 << 20, to: 2 << 20, by: 512) {
                try handle.seek(toOffset: UInt64(offset + 4096))
                try handle.write(contentsOf: Data(repeating: 0xFF, count: 256))
            }
            try handle.close()
            let (outcome, json) = try diff(try keep(changed))
            #expect(outcome.status == 65)
            #expect(json["complete"] as? Bool == false)
            let part = try #require((json["parts"] as? [[String: Any]])?.first)
            let unread = try #require((part["unread"] as? [String])?.first)
            #expect(unread.hasPrefix("/: guestfish could not read the machine's disk: "), "\(unread)")
            #expect(node.names("var/lib/bivouac/looks") == [])
        }

        private static func processes(mentioning root: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
                guard Int(name) != nil,
                    let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
                else { return false }
                return words.range(of: Data(root.utf8)) != nil
            }
        }
    }
}

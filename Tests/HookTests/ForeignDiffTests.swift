import Evidence
import Foundation
import Job
import Site
import TestSupport
import Testing
import Unix

@testable import bivouac_operator

extension HookTests {
    @Suite(
        "evidence diff of a file system that is read by guestfish", .serialized, .needsRoot,
        .needsProgram("/usr/bin/guestfish"), .needsProgram("/sbin/mkfs.xfs"))
    struct ForeignDiffTests {
        private let node: Node

        init() throws { node = try Node(refreshed: false) }

        /// A disk with one XFS in a partition that holds these: lines of mkfs.xfs's prototype.
        ///
        /// What is called `hole` there is a file of a pebibyte, all of it but its beginning a hole.
        private func disk(_ name: String, _ lines: [String]) throws -> String {
            let (prototype, part) = (node.path("\(name).proto"), node.path("part"))
            let text = (["/", "0 0", "d--755 0 0"] + lines + ["$", ""]).joined(separator: "\n")
            try Data(text.utf8).write(to: URL(fileURLWithPath: prototype))
            let holes = lines.filter { $0.hasPrefix("hole") }.flatMap {
                ["-c", "path /\($0.prefix { $0 != " " })", "-c", "write core.size \(1 << 50)"]
            }
            try Launch.require([
                "/bin/sh", "-ec", "truncate -s 320M \"$1\"; mkfs.xfs -q -f -p \"$0\" \"$1\"", prototype, part,
            ])
            if !holes.isEmpty { try Launch.require(["/usr/sbin/xfs_db", "-x"] + holes + [part]) }
            return try disk(name, of: [part])
        }

        /// A disk with these partitions, which are removed.
        private func disk(_ name: String, of parts: [String]) throws -> String {
            let disk = node.path(name)
            try Launch.require(
                [
                    "/bin/sh", "-ec",
                    """
                    disk=$0 table='label: dos' at=1
                    for part; do
                        size=$(($(stat -c %s "$part") >> 20))
                        table="$table
                    start=$((at * 2048)), size=$((size * 2048)), type=83"
                        dd if="$part" of="$disk" bs=1M seek=$at conv=notrunc,sparse status=none
                        at=$((at + size))
                        rm "$part"
                    done
                    truncate -s ${at}M "$disk"
                    echo "$table" | sfdisk -q --wipe never "$disk"
                    """, disk,
                ] + parts)
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

        /// Each change in a few words, without what every start does.
        private func changes(_ part: [String: Any]) -> [String] {
            let all = part["changes"] as? [[String: Any]] ?? []
            return all.filter { $0["noise"] as? Bool != true }.map { change in
                let words = ["aspects", "concerns"].flatMap { change[$0] as? [String] ?? [] }
                return ([change["kind"] as? String ?? "", change["path"] as? String ?? ""] + words)
                    .joined(separator: " ")
            }
        }

        @Test("says what was added, changed, deleted and given away, and leaves nothing behind")
        func changes() throws {
            let (motd, tool) = (try file("welcome\n"), try file("tool\n"))
            _ = try disk(
                "image",
                [
                    "etc d--755 0 0", "motd ---644 0 0 \(motd)", "fstab ---644 0 0 \(tool)", "$",
                    "bin d--755 0 0", "tool ---755 0 0 \(tool)", "sh l--777 0 0 tool", "$",
                    "hole ---644 0 0 \(tool)", "hole2 ---644 0 0 \(tool)",
                ])
            let changed = try disk(
                "changed",
                [
                    "etc d--755 0 0", "motd ---644 0 0 \(try file("WELCOME\n"))", "$",
                    "bin d--755 0 0", "tool ---755 1000 0 \(tool)", "sh l--777 0 0 back",
                    "back -u-755 0 0 \(tool)", "$",
                    "hole ---644 0 0 \(tool)", "hole2 ---644 0 0 \(motd)",
                ])
            let (outcome, json) = try diff(try keep(changed))
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(json["complete"] as? Bool == true)
            let part = try #require((json["parts"] as? [[String: Any]])?.first)
            #expect(part["name"] as? String == "partition 1" && part["kind"] as? String == "xfs")
            #expect(
                changes(part) == [
                    "added /bin/back setuid", "changed /bin/sh target", "changed /bin/tool owner",
                    "deleted /etc/fstab boot", "changed /etc/motd content",
                    "changed /hole2 content",
                ])
            #expect(outcome.errors.contains("guestfish reads it"))
            #expect(outcome.errors.contains("the machine's disk: "))
            #expect(node.names("var/lib/bivouac/looks") == [])
            #expect(try Self.processes(mentioning: node.root) == [])
        }

        /// VFAT takes two machines more, and is nothing else to us.
        private static let others =
            ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] == nil ? ["btrfs"] : ["btrfs", "vfat"]

        /// A disk with a subvolume of Btrfs or with a VFAT that holds what the script makes of a few files.
        private func disk(_ name: String, _ kind: String, _ script: String) throws -> String {
            let (tree, part) = (node.path("tree"), node.path("part"))
            let make =
                kind == "btrfs"
                ? "truncate -s 128M \"$1\"; mkfs.btrfs -q --rootdir \"$0\" \"$1\""
                : "truncate -s 16M \"$1\"; mkfs.vfat \"$1\" >/dev/null; mcopy -s -i \"$1\" \"$0/@/etc\" ::EFI"
            try Launch.require([
                "/bin/sh", "-ec",
                """
                mkdir -p "$0/@/etc" "$0/@/bin"; echo tool >"$0/@/bin/tool"; echo welcome >"$0/@/etc/motd"
                \(script)
                \(make)
                rm -r "$0"
                """, tree, part,
            ])
            return try disk(name, of: [part])
        }

        @Test(
            "says of Btrfs and VFAT what it says of others, capabilities and access lists too",
            .needsProgram("/usr/bin/mcopy"), .needsProgram("/usr/sbin/mkfs.btrfs"),
            .needsProgram("/usr/bin/setfacl"), arguments: others)
        func otherKinds(kind: String) throws {
            _ = try disk("image", kind, ":")
            let changed = try disk(
                "changed", kind,
                """
                echo WELCOME >"$0/@/etc/motd"; mkdir "$0/@/etc/cron.d"; echo x >"$0/@/etc/cron.d/evil"
                setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$0/@/bin/tool"
                setfacl -m u:1000:rw "$0/@/etc"
                """)
            let (outcome, json) = try diff(try keep(changed))
            #expect(outcome.status == 0, "\(outcome.errors)")
            let part = try #require((json["parts"] as? [[String: Any]])?.first)
            #expect(part["kind"] as? String == kind)
            let expected =
                kind == "btrfs"
                ? [
                    "changed /@/bin/tool attributes capabilities", "changed /@/etc mode attributes",
                    "added /@/etc/cron.d cron", "added /@/etc/cron.d/evil cron",
                    "changed /@/etc/motd content",
                ]
                : ["added /EFI/cron.d boot", "added /EFI/cron.d/evil boot", "changed /EFI/motd content boot"]
            #expect(changes(part) == expected)
        }

        @Test("that was killed leaves no process, and what it made is swept by the next")
        func killed() throws {
            _ = try disk("image", [])
            let path = try keep(try disk("changed", ["motd ---644 0 0 \(try file("welcome\n"))"]))
            let tool = Foundation.Process()
            tool.executableURL = URL(fileURLWithPath: Built.bivouac)
            tool.arguments = ["evidence", "diff", path]
            tool.environment = ["BIVOUAC_ROOT": node.root]
            tool.standardOutput = FileHandle.nullDevice
            tool.standardError = FileHandle.nullDevice
            try tool.run()
            let looks = "var/lib/bivouac/looks"
            // Both machines are on their way.
            for side in 0...1 {
                try Harness.eventually("the state \(side) is read") {
                    node.names("\(looks)/\(tool.processIdentifier)/\(side)").contains("script")
                }
            }
            kill(tool.processIdentifier, SIGKILL)
            tool.waitUntilExit()
            try Harness.eventually("nothing runs any more") {
                try Self.processes(mentioning: node.root) == []
            }
            #expect(node.names(looks) == ["\(tool.processIdentifier)"])
            try ForeignPart.sweep(Places(root: node.root))
            #expect(node.names(looks) == [])
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

import Foundation
import TestSupport
import Testing
import Unix

@testable import Difference

@Suite("Two tar archives of a file system") struct TreeTests {
    /// A directory of files with all that a name can stand for.
    private static func make(_ scratch: String) throws -> String {
        let tree = scratch + "/tree"
        let long = String(repeating: "long-name-", count: 20)
        let script = """
            mkdir -p "$0/bin" "$0/$1/$1" "$0/new
            line"
            echo one >"$0/bin/one"; ln "$0/bin/one" "$0/bin/two"; ln -s one "$0/bin/three"
            echo far >"$0/$1/$1/far"; ln -s "/$1/$1/far" "$0/near"; mkfifo "$0/pipe"
            head -c 300001 /dev/urandom >"$0/big"; : >"$0/empty"; echo x >"$0/$(printf 'raw\\377')"
            setfattr -n user.note -v first "$0/empty" 2>/dev/null || true
            """
        try Self.require("/bin/sh", ["-ec", script, tree, long])
        return tree
    }

    @discardableResult
    private static func require(_ program: String, _ arguments: [String]) throws -> String {
        let result = try run(program, arguments)
        guard result.status == 0 else { throw DiskFixture.Failure(what: result.errors) }
        return result.text
    }

    private static func tar(_ tree: String, to path: String, _ format: String, _ more: [String] = []) throws {
        try require(
            "/bin/tar",
            ["-C", tree, "--format=\(format)", "--numeric-owner", "-cf", path]
                + (format == "posix" ? ["--xattrs", "--xattrs-include=*"] : []) + more + ["."])
    }

    private static func compare(_ old: String, _ new: String) throws -> Difference.Part {
        var part = Difference.Part(name: "disk", start: 0, size: 0, kind: "xfs", changedBytes: 0)
        try part.compare(
            before: try FileDescriptor.open(old, .read), after: try FileDescriptor.open(new, .read)
        ) { _ in }
        return part
    }

    @Test("of which nothing changed are the same, whatever names there are", arguments: ["posix", "gnu"])
    func same(format: String) throws {
        try withScratch { scratch in
            let tree = try Self.make(scratch)
            try Self.tar(tree, to: scratch + "/old", format)
            let nodes = try Tree(try FileDescriptor.open(scratch + "/old", .read)) { _ in }.nodes
            let found = try Self.require("/usr/bin/find", [tree, "-printf", "x"])
            #expect(nodes.count == found.utf8.count)
            #expect(nodes[Array("bin/two".utf8)]?.content == nodes[Array("bin/one".utf8)]?.content)
            #expect(nodes[Array("big".utf8)]?.facts.size == 300_001)
            #expect(nodes[Array("raw".utf8) + [0xFF]] != nil)
            #expect(try Self.compare(scratch + "/old", scratch + "/old").changes.isEmpty)
        }
    }

    @Test("say what came, went and changed, and in what")
    func changes() throws {
        try withScratch { scratch in
            let tree = try Self.make(scratch)
            try Self.tar(tree, to: scratch + "/old", "posix")
            let script = """
                printf X | dd of="$0/big" bs=1 seek=299999 conv=notrunc status=none
                rm "$0/empty" "$0/near"; ln -s two "$0/near"; mkdir "$0/empty"
                chmod 4755 "$0/bin/one"; rm "$0/pipe"; echo y >"$0/etc"; touch -d 2001-01-01 "$0"/raw*
                """
            try Self.require("/bin/sh", ["-ec", script, tree])
            try Self.tar(tree, to: scratch + "/new", "gnu")
            let part = try Self.compare(scratch + "/old", scratch + "/new")
            let words = part.changes.filter { !$0.isNoise }.map { change in
                ([change.kind.rawValue, change.path] + change.aspects.map(\.rawValue)
                    + change.concerns.map(\.rawValue)).joined(separator: " ")
            }
            let expected = [
                "changed /big content", "changed /bin/one mode setuid", "changed /bin/two mode setuid",
                "changed /empty type mode", "added /etc", "changed /near target", "deleted /pipe",
            ]
            // Where the file system has extended attributes, the one that went with the file is told.
            #expect(words.map { $0.replacingOccurrences(of: " attributes", with: "") } == expected)
            #expect(part.changes.filter(\.isNoise).map(\.path) == ["/raw\\xff"])
        }
    }

    @Test("are the same whether zeros are written or are holes, of which there may be any number")
    func holes() throws {
        try withScratch { scratch in
            let tree = scratch + "/tree"
            let script = """
                mkdir "$0"; cd "$0"; truncate -s 3000000 holes; truncate -s 5000 end; truncate -s 1T none
                for place in 0 100 200 700; do echo x | dd of=holes bs=4096 seek=$place conv=notrunc status=none; done
                """
            try Self.require("/bin/sh", ["-ec", script, tree])
            try Self.tar(tree, to: scratch + "/old", "posix", ["--sparse"])
            #expect(try Self.compare(scratch + "/old", scratch + "/old").changes.isEmpty)
            try Self.tar(tree, to: scratch + "/dense", "posix", ["--exclude=none"])
            let dense = try Self.compare(scratch + "/old", scratch + "/dense").changes
            #expect(dense.map(\.path) == ["/none"])
            #expect(dense.first?.before?.size == 1 << 40)
            let changes = """
                cd "$0"; echo y | dd of=holes bs=4096 seek=700 conv=notrunc status=none; truncate -s 5001 end
                """
            try Self.require("/bin/sh", ["-ec", changes, tree])
            try Self.tar(tree, to: scratch + "/new", "posix", ["--sparse"])
            let found = try Self.compare(scratch + "/old", scratch + "/new").changes
            #expect(found.filter { $0.aspects == [.content] }.map(\.path) == ["/end", "/holes"])
        }
    }

    @Test("that are cut anywhere, or no archives, are refused and never taken for smaller ones")
    func cut() throws {
        try withScratch { scratch in
            let tree = scratch + "/tree"
            try Self.require(
                "/bin/sh",
                ["-ec", "mkdir \"$0\"; echo a >\"$0/a\"; ln -s b \"$0/b\"; truncate -s 99999 \"$0/c\"", tree])
            try Self.tar(tree, to: scratch + "/whole", "posix", ["--sparse"])
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch + "/whole")))
            let end = try #require(bytes.lastIndex { $0 != 0 }) / 512 * 512 + 512
            for length in stride(from: 0, to: end, by: 37) {
                try Data(bytes[..<length]).write(to: URL(fileURLWithPath: scratch + "/cut"))
                #expect(throws: (any Error).self, "\(length)") {
                    _ = try Tree(try FileDescriptor.open(scratch + "/cut", .read)) { _ in }
                }
            }
            // Whatever it holds, it is read or refused.
            for _ in 0..<500 {
                var other = bytes
                for _ in 0..<4 { other[.random(in: 0..<end)] = .random(in: 0...255) }
                try Data(other).write(to: URL(fileURLWithPath: scratch + "/other"))
                _ = try? Tree(try FileDescriptor.open(scratch + "/other", .read)) { _ in }
            }
        }
    }
}

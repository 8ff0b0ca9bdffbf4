import Foundation
import GuestProtocol
import Staging
import Testing
import Unix

@Suite("A hostile machine writes nothing but what it may")
struct HostileTests {
    private static let plain = TreeRecord.Attributes(mode: 0o644, modified: 1_000_000_000)
    private static let open = TreeRecord.Attributes(mode: 0o755, modified: 1_000_000_000)

    private static let end = TreeRecord.end(isWhole: true)

    private func file(_ text: String) -> [TreeRecord] {
        [.file(name(text), Self.plain), .data(offset: 0, 0..<0), .close(length: 4)]
    }

    /// Lets a receiver take what a machine says; what it complains of.
    private func receive(
        _ records: [TreeRecord], into place: OpenPlace, limit: Int64 = .max, kept: Set<FileKey> = []
    ) throws -> Complaints {
        var receiver = TreeReceiver(.returned, into: [place], .aside, limit: limit, keeping: kept)
        let bytes = body(records, data: Array("evil".utf8))
        try receiver.take(bytes, bytes.indices)
        return receiver.complaints
    }

    /// A tree with an outside beside it.
    private func withOutside(_ work: (Tree, Tree) throws -> Void) throws {
        try withTrees(2) { trees in
            try trees[1].sh("printf safe >file; mkdir dir; printf safe >dir/file")
            let before = try trees[1].listing()
            try work(trees[0], trees[1])
            #expect(try trees[1].listing() == before)
            #expect(try trees[1].text("file") == "safe")
            #expect(try trees[1].text("dir/file") == "safe")
            #expect(try trees[0].leftovers() == "")
        }
    }

    @Test(
        "no name leads anywhere: each of these ends the conversation",
        arguments: ["..", ".", "", "a/b", "/etc/passwd", "../x", "a\0b", String(repeating: "x", count: 256)])
    func names(text: String) throws {
        try withTrees(1) { trees in
            for kind: UInt8 in [2, 4, 8, 9] {
                let length = UInt8(truncatingIfNeeded: text.utf8.count)
                let bytes =
                    body([.place(0, Self.open)]) + [kind, length] + Array(text.utf8)
                    + [UInt8](repeating: 1, count: 32)
                var receiver = TreeReceiver(.returned, into: [try trees[0].place()], .aside)
                #expect(throws: ProtocolError.self) { try receiver.take(bytes, bytes.indices) }
            }
            #expect(try trees[0].listing() == "")
        }
    }

    @Test("no link is followed: neither one that is there nor one that comes")
    func links() throws {
        try withOutside { tree, outside in
            try tree.sh("ln -s ../tree1/dir d; ln -s ../tree1/file f; ln -s ../tree1 gone")
            let path = try #require(BytePath(Array(outside.path.utf8)))
            let complaints = try receive(
                [.place(0, Self.open), .directory(name("d"), Self.open)] + file("file") + [.leave]
                    + [.link(name("new"), target: path, modified: 0), .directory(name("new"), Self.open)]
                    + file("file") + [.directory(name("dir"), Self.open)] + file("file") + [.leave, .leave]
                    + file("f") + [.gone(name("gone")), Self.end],
                into: try tree.place())
            #expect(complaints.lines.count == 3)
            // The link itself was replaced.
            #expect(try tree.text("f") == "evil")
            #expect(try tree.sh("readlink new d") == "\(outside.path)\n../tree1/dir\n")
        }
    }

    @Test("another name of a file keeps what it had")
    func hardLinks() throws {
        try withOutside { tree, outside in
            try tree.sh("ln ../tree1/file f")
            _ = try receive([.place(0, Self.open)] + file("f") + [Self.end], into: try tree.place())
            #expect(try tree.text("f") == "evil")
        }
    }

    @Test("no pipe is opened, no directory replaced, no output of the job touched", .timeLimit(.minutes(15)))
    func occupied() throws {
        try withOutside { tree, _ in
            try tree.sh("mkfifo pipe; mkdir dir; printf out >slurm.out")
            let output = try #require(try Files.status(tree.path + "/slurm.out"))
            let complaints = try receive(
                [.place(0, Self.open)] + file("pipe") + file("dir") + file("slurm.out")
                    + [.link(name("dir"), target: #require(BytePath([65])), modified: 0), Self.end],
                into: try tree.place(), kept: [FileKey(output)])
            #expect(
                complaints.lines == [
                    "dir: Is a directory", "slurm.out: Device or resource busy", "dir: Is a directory",
                ])
            #expect(try tree.text("slurm.out") == "out")
            #expect(try tree.text("pipe") == "evil")
        }
    }

    @Test("set-id and sticky bits are dropped, whatever a mode says")
    func setuid() throws {
        try withTrees(1) { trees in
            var bytes = body(
                [.place(0, Self.open), .directory(name("d"), Self.open), .leave] + file("f") + [Self.end],
                data: Array("evil".utf8))
            // The two bytes behind each name are its mode.
            for text in ["d", "f"] {
                let index = try #require(
                    bytes.indices.dropFirst(10).first {
                        bytes[$0] == UInt8(ascii: Unicode.Scalar(text) ?? " ") && bytes[$0 - 1] == 1
                    })
                bytes[index + 1] = 0xFF
                bytes[index + 2] = 0xFF
            }
            var receiver = TreeReceiver(.returned, into: [try trees[0].place()], .aside)
            try receiver.take(bytes, bytes.indices)
            #expect(try trees[0].sh("stat -c %a d f") == "777\n777\n")
        }
    }

    @Test("nothing comes to a name with a dot in front at the top of a home, nor to one that was not chosen")
    func names() throws {
        try withTrees(1) { trees in
            try trees[0].sh("printf safe >.bashrc; mkdir .ssh out")
            let complaints = try receive(
                [.place(0, Self.open)] + file(".bashrc") + [.directory(name(".ssh"), Self.open)]
                    + file("authorized_keys") + [.leave] + file("other") + [
                        .directory(name("out"), Self.open)
                    ]
                    + file(".ok") + [.leave, Self.end],
                into: try trees[0].place([".bashrc", ".ssh", "out"], keepsHidden: true))
            #expect(complaints.count == 3)
            #expect(try trees[0].sh("find . -type f | sort") == "./.bashrc\n./out/.ok\n")
            #expect(try trees[0].text(".bashrc") == "safe")
        }
    }

    @Test("nothing is removed that was not sent")
    func removal() throws {
        try withTrees(1) { trees in
            try trees[0].sh("printf x >a; mkdir d")
            let sent = SentTree(places: 1)
            var receiver = TreeReceiver(.returned, into: [try trees[0].place()], .aside, removing: sent)
            let bytes = body([.place(0, Self.open), .gone(name("a")), .gone(name("d")), Self.end])
            try receiver.take(bytes, bytes.indices)
            #expect(receiver.complaints.count == 2)
            #expect(try trees[0].sh("ls") == "a\nd\n")
        }
    }

    @Test("many entries without content count towards the limit as well")
    func entries() throws {
        try withTrees(1) { trees in
            var receiver = TreeReceiver(
                .returned, into: [try trees[0].place()], .aside, limit: 100 * TreeReceiver.entryCost)
            let first = body([.place(0, Self.open)])
            try receiver.take(first, first.indices)
            for number in 0..<1000 {
                let bytes = body([.directory(name("\(number)"), Self.open), .leave])
                try receiver.take(bytes, bytes.indices)
            }
            #expect(receiver.stop == .limit)
            #expect(try trees[0].sh("ls | wc -l") == "100\n")
        }
    }

    @Test(
        "what makes no sense ends the conversation",
        arguments: [
            [.leave], [.close(length: 0)], [.drop], [.data(offset: 0, 0..<0)],
            [.directory(name("d"), open)], [.file(name("f"), plain)], [.gone(name("g"))],
            [.place(1, open)], [.place(0, open), .place(0, open)], [.place(0, open), .leave],
            [.place(0, open), .file(name("f"), plain), .leave],
            [.place(0, open), .file(name("f"), plain), end],
            [.place(0, open), .file(name("f"), plain), .file(name("g"), plain)],
            [.place(0, open), .file(name("f"), plain), .data(offset: 10, 0..<0), .data(offset: 9, 0..<0)],
            [.place(0, open), .file(name("f"), plain), .data(offset: 10, 0..<0), .close(length: 9)],
            [end, end], [end, .place(0, open)],
        ] as [[TreeRecord]])
    func nonsense(records: [TreeRecord]) throws {
        try withTrees(1) { trees in
            var receiver = TreeReceiver(.returned, into: [try trees[0].place()], .aside)
            let bytes = body(records, data: Array("evil".utf8))
            #expect(throws: ProtocolError.self) { try receiver.take(bytes, bytes.indices) }
        }
    }

    @Test("changed bytes anywhere make nothing outside, nothing past the limit and no crash")
    func mutations() throws {
        var random = SystemRandomNumberGenerator()
        try withOutside { tree, outside in
            let path = try #require(BytePath(Array(outside.path.utf8)))
            var seed: [UInt8] = []
            seed += body(
                [.place(0, Self.open)] + file("a") + [.directory(name("b"), Self.open)] + file("c")
                    + [.leave, .link(name("l"), target: path, modified: 5), .directory(name("l"), Self.open)]
                    + file("file") + [.leave] + file("d") + [.gone(name("a")), Self.end],
                data: Array("evil".utf8))
            for round in 0..<3000 {
                var bytes = seed
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    let index = Int.random(in: bytes.indices, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                    case 2: bytes.insert(UInt8.random(in: 0...10, using: &random), at: index)
                    default: bytes.removeSubrange(index..<min(bytes.count, index + 9))
                    }
                    if bytes.isEmpty { bytes = [0] }
                }
                var receiver = TreeReceiver(
                    .returned, into: [try tree.place()], .aside, limit: 50_000, removing: SentTree(places: 1))
                try? receiver.take(bytes, bytes.indices)
                #expect(receiver.content <= 50_000)
                if round % 100 == 99 { try tree.sh("rm -rf ./* ./.[!.]*") }
            }
        }
    }
}

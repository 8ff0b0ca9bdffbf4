import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import Evidence

extension Trait where Self == ConditionTrait {
    /// For what takes as many names of a file as ext4 allows, and the disk's time.
    fileprivate static var needsLinkLimit: Self {
        .enabled(
            if: try ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] != nil
                && EvidenceTests.isLimited(), "needs --long and a directory for temporary files on ext4")
    }
}

@Suite("Evidence") struct EvidenceTests {
    @Test("of a start lies below its day, root's alone, with a manifest that names every file's digest")
    func start() throws {
        try EvidenceFixture.with { fixture in
            let state = try EvidenceFixture.state()
            let receipt = try fixture.store.recordStart(
                state, files: [("domain.xml", .bytes(Array("<domain/>".utf8)))],
                signedList: EvidenceFixture.list)
            #expect(receipt.path == "2027-01-15/demo-4711.0")
            let directory = fixture.store.place(receipt.path)
            #expect(try Files.names(in: directory) == ["domain.xml", "list.signed", "manifest.json"])
            for name in try Files.names(in: directory) {
                #expect(try Files.status("\(directory)/\(name)")?.mode == 0o600, "\(name)")
            }
            for path in [directory, Files.parent(directory), fixture.store.directory] {
                #expect(try Files.status(path)?.mode == 0o700, "\(path)")
            }
            let entry = try fixture.store.entry(receipt.path)
            var read = try #require(entry.start)
            #expect(read.files.map(\.name) == ["domain.xml", "list.signed"])
            #expect(read.files[0].sha256 == Sha256.hex(Array("<domain/>".utf8)) && read.files[0].bytes == 9)
            #expect(read.files[1].sha256 == state.endorsement.sha256)
            read.files = []
            #expect(read == state)
            #expect(entry.name == "demo-4711.0" && entry.end == nil && entry.hold == nil)
            let sum = try run("/usr/bin/sha256sum", ["\(directory)/manifest.json"]).text.prefix(64)
            #expect(receipt.sha256 == sum)
            #expect(try fixture.store.manifestDigest(of: receipt.path) == receipt.sha256)
        }
    }

    @Test("keeps a signed list once, however many start states name it")
    func listOnce() throws {
        try EvidenceFixture.with { fixture in
            let paths = try (0..<5).map { try fixture.start("demo-\($0).0") }
            let inodes = try paths.map { try Files.status(fixture.store.place($0) + "/list.signed")?.inode }
            #expect(Set(inodes).count == 1)
            #expect(try Files.names(in: fixture.store.directory + "/lists").count == 1)
            #expect(
                try Files.read(fixture.store.place(paths[4]) + "/list.signed", limit: 1000)
                    == EvidenceFixture.list)
        }
    }

    @Test(
        "keeps another copy of a signed list when the first has all the names a file may have",
        .needsLinkLimit)
    func listAgain() throws {
        try EvidenceFixture.with { fixture in
            let first = fixture.store.place(try fixture.start("demo-1.0")) + "/list.signed"
            let names = fixture.scratch + "/names"
            try Files.makeDirectory(names, mode: 0o700)
            let full = #expect(throws: UnixError.self) {
                for number in 0...EvidenceTests.linkLimit { try Files.link(first, to: "\(names)/\(number)") }
            }
            #expect(full?.code == UnixError.tooManyLinks)
            let paths = try (2...3).map { try fixture.start("demo-\($0).0") }
            for path in paths { #expect(try fixture.store.damage(of: path) == []) }
            #expect(try Files.names(in: fixture.store.directory + "/lists").count == 1)
        }
    }

    /// The most names that a file has on ext4, which has the least of the file systems of Linux.
    private static let linkLimit = 65_000

    fileprivate static func isLimited() throws -> Bool {
        let limit = try run("/usr/bin/getconf", ["LINK_MAX", NSTemporaryDirectory()]).text
        return Int(limit.filter { !$0.isNewline }).map { (1...linkLimit).contains($0) } ?? false
    }

    @Test("of a second start under the same name stands beside the first, which stays as it is")
    func again() throws {
        try EvidenceFixture.with { fixture in
            let first = try fixture.start()
            let digest = try fixture.store.manifestDigest(of: first)
            let second = try fixture.start(image: "c")
            #expect(second == "2027-01-15/demo-4711.0~2")
            #expect(try fixture.store.manifestDigest(of: first) == digest)
            let name = try #require(MachineName("demo-4711.0"))
            #expect(try fixture.store.paths(of: name) == [first, second])
            #expect(try fixture.store.entry(second).name == "demo-4711.0")
        }
    }

    @Test("is not there before it is whole: what a dead writer left is no start state")
    func torn() throws {
        try EvidenceFixture.with { fixture in
            let half = fixture.store.place("2027-01-15/demo-4711.0.new")
            try Files.makeDirectories(half, mode: 0o700)
            try Files.write("{", to: half + "/manifest.json")
            #expect(try fixture.store.list().isEmpty)
            let path = try fixture.start()
            #expect(try fixture.store.list().map(\.path) == [path])
            #expect(!Files.exists(half))
        }
    }

    @Test("that cannot be written is an error, and nothing of it is seen")
    func failure() throws {
        try EvidenceFixture.with { fixture in
            #expect(throws: EvidenceError.self) {
                try fixture.store.recordStart(
                    try EvidenceFixture.state(), files: [("context.iso", .copy(of: "/nonexistent"))],
                    signedList: [])
            }
            for name in ["../escape", "a/b", ".hidden", "", "a\nb"] {
                #expect(throws: EvidenceError.invalidName(name)) {
                    try fixture.store.recordStart(
                        try EvidenceFixture.state(), files: [(name, .bytes([]))], signedList: [])
                }
            }
            #expect(throws: EvidenceError.self) {
                try fixture.store.recordStart(
                    try EvidenceFixture.state(), files: [("zero", .copy(of: "/dev/zero"))], signedList: [])
            }
            let seen = try fixture.store.list()
            #expect(seen.isEmpty)
        }
    }

    @Test("takes at most 64 KiB on disk for a job whose end state is not kept")
    func small() throws {
        try EvidenceFixture.with { fixture in
            // A context volume is 72 KiB, the first 32 of them empty.
            let context = Data(repeating: 0, count: 32 << 10) + Data(repeating: 7, count: 40 << 10)
            try context.write(to: URL(fileURLWithPath: fixture.scratch + "/context.iso"))
            let path = try fixture.start()
            try fixture.end(path)
            let bytes = try fixture.store.entry(path).bytes
            #expect(bytes > 40 << 10 && bytes <= 64 << 10, "\(bytes)")
            #expect(try fixture.store.damage(of: path) == [])
        }
    }

    @Test("of an end holds what the machine used, how it ended, its console and its overlay", .needsRoot)
    func end() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let (console, overlay) = (fixture.scratch + "/console.log", fixture.scratch + "/overlay.qcow2")
            try Files.write("untrusted\u{1B}[2J", to: console, mode: 0o644)
            try Files.write("QFI", to: overlay)
            try Files.changeOwner(overlay, uid: 65534, gid: 65534)
            try fixture.end(path, console: console, overlay: overlay)
            let entry = try fixture.store.entry(path)
            #expect(entry.end?.exit == "exit 7" && entry.end?.usage?.writtenBytes == 2)
            #expect(entry.end?.files.map(\.name) == ["console.log", "overlay.qcow2"])
            #expect(Files.exists(console) && !Files.exists(overlay))
            let kept = try #require(try Files.status(fixture.store.place(path) + "/overlay.qcow2"))
            #expect(kept.uid == 0 && kept.gid == 0 && kept.mode == 0o600)
            #expect(try Files.status(fixture.store.place(path) + "/console.log")?.mode == 0o600)
            #expect(try fixture.store.damage(of: path) == [])
        }
    }

    @Test("of an end holds a console's backups, the newest as far as there is room")
    func backups() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let console = fixture.scratch + "/console.log"
            try Files.write("newest", to: console)
            try Files.write("newer", to: console + ".0")
            try Files.write("older", to: console + ".1")
            // Sixty-four mebibytes and one byte, all holes, are too many; and then nothing that is older.
            try FileDescriptor.open(console + ".2", [.write, .create], mode: 0o600).truncate(to: 64 << 20 + 1)
            try Files.write("oldest", to: console + ".3")
            try fixture.end(path, console: console)
            let entry = try fixture.store.entry(path)
            #expect(entry.end?.files.map(\.name) == ["console.log", "console.log.0", "console.log.1"])
            let directory = fixture.store.place(path)
            #expect(try Files.read(directory + "/console.log.1", limit: 100) == Array("older".utf8))
            #expect(try fixture.store.damage(of: path) == [])
            try Files.write("forged", to: directory + "/console.log.1")
            #expect(try fixture.store.damage(of: path) == ["console.log.1"])
            let archive = fixture.scratch + "/archive.tar"
            _ = try fixture.store.export(
                [path], to: try FileDescriptor.open(archive, [.write, .create], mode: 0o600),
                withSensitive: false, now: EvidenceFixture.now)
            let names = try run("/usr/bin/tar", ["-tf", archive]).text.split(separator: "\n")
            #expect(names.contains("evidence/\(path)/console.log.1"))
        }
    }

    @Test("of an end has so many backups of a console at most")
    func manyBackups() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let console = fixture.scratch + "/console.log"
            try Files.write("newest", to: console)
            for number in 0..<20 { try Files.write("older", to: "\(console).\(number)") }
            try fixture.end(path, console: console)
            #expect(try fixture.store.entry(path).end?.files.count == 17)
        }
    }

    @Test("of an end can be written again, from wherever the first writer died", .needsRoot)
    func endTwice() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let (console, overlay) = (fixture.scratch + "/console.log", fixture.scratch + "/overlay.qcow2")
            try Files.write("text", to: console)
            try Files.write("QFI", to: overlay)
            try fixture.end(path, console: console, overlay: overlay)
            let first = try fixture.store.entry(path).end
            // It died before it wrote the record: the overlay has been moved.
            try Files.remove(fixture.store.place(path) + "/end.json")
            try fixture.end(path, console: console, overlay: overlay)
            #expect(try fixture.store.entry(path).end == first)
            // It died after that, and the machine's files are gone.
            try Files.remove(console)
            try fixture.end(path, at: EvidenceFixture.now + 999, console: console, overlay: overlay)
            #expect(try fixture.store.entry(path).end == first)
            #expect(try fixture.store.damage(of: path) == [])
        }
    }

    @Test("has no half of a memory, once its machine has ended")
    func halfMemory() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let half = fixture.store.place(path) + "/memory.elf.new"
            try Files.write("memory", to: half)
            #expect(try fixture.store.damage(of: path) == [])
            try fixture.end(path)
            #expect(!Files.exists(half))
            #expect(try fixture.store.damage(of: path) == [])
        }
    }

    @Test("of an end without a start is kept all the same, and only where evidence belongs")
    func endAlone() throws {
        try EvidenceFixture.with { fixture in
            try fixture.end("2027-01-15/demo-1.0")
            #expect(try fixture.store.entry("2027-01-15/demo-1.0").end?.cause == "epilogue")
            #expect(try fixture.store.entry("2027-01-15/demo-1.0").start == nil)
            for path in [
                "", "/", "x/y", "2027-01-15", "2027-01-15/", "2027-01-15/..", "2027-01-15/a/b",
                "../2027-01-15/a",
            ] {
                #expect(throws: EvidenceError.invalidName(path)) { try fixture.end(path) }
                #expect(throws: EvidenceError.missing(path)) { try fixture.store.entry(path) }
            }
        }
    }

    @Test("never follows a link that lies in a machine's directory")
    func links() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let link = fixture.scratch + "/console.log"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/etc/shadow")
            #expect(throws: EvidenceError.self) { try fixture.end(path, console: link) }
            #expect(throws: EvidenceError.self) { try fixture.end(path, overlay: link) }
        }
    }

    @Test("that was changed, removed or added to is found out")
    func damage() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let directory = fixture.store.place(path)
            #expect(try fixture.store.damage(of: path) == [])
            try FileDescriptor.open(directory + "/context.iso", [.write]).write([8], at: 25_000)
            #expect(try fixture.store.damage(of: path) == ["context.iso"])
            try Files.remove(directory + "/domain.xml")
            try Files.write("", to: directory + "/extra")
            #expect(try fixture.store.damage(of: path) == ["domain.xml", "context.iso", "extra"])
        }
    }

    @Test("counts the starts of a job that have left some, for batch systems that do not")
    func attempts() throws {
        try EvidenceFixture.with { fixture in
            let key = try #require(JobKey("demo-4711"))
            #expect(try fixture.store.nextAttempt(of: key) == 0)
            try fixture.start("demo-4711.0", at: EvidenceFixture.now + -86_400)
            try fixture.start("demo-4711.1")
            try fixture.start("demo-47111.2")
            #expect(try fixture.store.nextAttempt(of: key) == 2)
        }
    }

    @Test("names the images that start states point at")
    func images() throws {
        try EvidenceFixture.with { fixture in
            for (index, image) in ["a", "c", "a"].enumerated() {
                try fixture.start("demo-\(index).0", image: Character(image))
            }
            #expect(
                Set(try fixture.store.images().map(\.digest.description)) == [
                    String(repeating: "a", count: 128), String(repeating: "c", count: 128),
                ])
        }
    }
}

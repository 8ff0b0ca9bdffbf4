import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import Evidence

@Suite("An exported archive") struct ExportTests {
    /// Two machines, one with its disk, console and memory kept, in an archive.
    private static func archive(
        _ fixture: EvidenceFixture, withSensitive: Bool = false
    ) throws -> (file: String, omitted: [String], paths: [String]) {
        let console = fixture.scratch + "/console.log"
        let overlay = fixture.scratch + "/overlay"
        try Data("booted\n".utf8).write(to: URL(fileURLWithPath: console))
        try Data(repeating: 9, count: 200_000).write(to: URL(fileURLWithPath: overlay))
        let first = try fixture.start("demo-1.0")
        try fixture.end(first, console: console, overlay: overlay)
        for name in ["memory.elf", "memory.elf.new"] {
            try Files.write("memory", to: fixture.store.place(first) + "/" + name)
        }
        let second = try fixture.start("demo-2.0")
        let file = fixture.scratch + "/archive.tar"
        let omitted = try fixture.store.export(
            [first, second], to: try FileDescriptor.open(file, [.write, .create, .exclusive]),
            withSensitive: withSensitive, now: EvidenceFixture.now)
        return (file, omitted, [first, second])
    }

    private static func unpack(_ file: String, to directory: String) throws -> Run {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let result = try run("/usr/bin/tar", ["-xf", file, "-C", directory])
        guard result.status == 0 else { return result }
        return try run(
            "/usr/bin/env", ["-C", directory + "/evidence", "sha512sum", "--strict", "-c", "SHA512SUMS"])
    }

    @Test("holds each file as it is on the node, and sha512sum finds all of them right")
    func whole() throws {
        try EvidenceFixture.with { fixture in
            let (file, omitted, paths) = try Self.archive(fixture)
            #expect(omitted == ["memory.elf", "memory.elf.new", "overlay.qcow2"].map { "\(paths[0])/\($0)" })
            let there = fixture.scratch + "/there"
            let check = try Self.unpack(file, to: there)
            #expect(check.status == 0, "\(check.text)\(check.errors)")
            var count = 0
            for path in paths {
                for name in try Files.names(in: fixture.store.place(path))
                where !omitted.contains("\(path)/\(name)") {
                    let here = try Files.read(fixture.store.place(path) + "/" + name, limit: 1 << 20)
                    #expect(try Files.read("\(there)/evidence/\(path)/\(name)", limit: 1 << 20) == here)
                    count += 1
                }
            }
            #expect(check.text.split(separator: "\n").count == count && count == 10)
            #expect(try Files.status(file)?.mode == 0o600)
        }
    }

    @Test("has disks and memory only when they are asked for")
    func sensitive() throws {
        try EvidenceFixture.with { fixture in
            let (file, omitted, paths) = try Self.archive(fixture, withSensitive: true)
            #expect(omitted == [])
            let there = fixture.scratch + "/there"
            #expect(try Self.unpack(file, to: there).status == 0)
            #expect(try Files.status("\(there)/evidence/\(paths[0])/overlay.qcow2")?.size == 200_000)
            #expect(Files.exists("\(there)/evidence/\(paths[0])/memory.elf"))
            let end = try #require(try fixture.store.entry(paths[0]).end)
            #expect(end.files.filter { $0.sensitive == true }.map(\.name) == ["overlay.qcow2"])
        }
    }

    @Test("that was changed in any file is found out by sha512sum")
    func tampering() throws {
        try EvidenceFixture.with { fixture in
            let there = fixture.scratch + "/there"
            #expect(try Self.unpack(try Self.archive(fixture).file, to: there).status == 0)
            let root = there + "/evidence"
            let files = try FileManager.default.subpathsOfDirectory(atPath: root).filter {
                try Files.status("\(root)/\($0)")?.kind == .regular
            }
            #expect(files.count == 11)
            for file in files {
                let path = "\(root)/\(file)"
                var bytes = try Files.read(path, limit: 1 << 20)
                let place = bytes.count / 2
                bytes[place] ^= 1
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                let check = try run(
                    "/usr/bin/env", ["-C", root, "sha512sum", "--strict", "-c", "SHA512SUMS"])
                #expect(check.status != 0, "\(file)")
                bytes[place] ^= 1
                try Data(bytes).write(to: URL(fileURLWithPath: path))
            }
        }
    }

    @Test("of evidence that is not there, or of a path that leads elsewhere, is refused")
    func missing() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            for wrong in ["2027-01-15/demo-9.0", "../\(path)", "2027-01-15/../2027-01-15/demo-4711.0"] {
                #expect(throws: EvidenceError.self) {
                    try fixture.store.export(
                        [wrong],
                        to: try FileDescriptor.open("\(fixture.scratch)/x", [.write, .create, .truncate]),
                        withSensitive: true, now: EvidenceFixture.now)
                }
            }
        }
    }
}

@Suite("A manifest") struct ManifestTests {
    @Test(
        "that was changed in any byte is not the one that the audit log names, and no file passes for another"
    )
    func everyByte() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let manifest = fixture.store.place(path) + "/manifest.json"
            let right = try fixture.store.manifestDigest(of: path)
            let bytes = try Files.read(manifest, limit: 1 << 20)
            for index in bytes.indices {
                var wrong = bytes
                wrong[index] ^= 0x01
                try Data(wrong).write(to: URL(fileURLWithPath: manifest))
                #expect(try fixture.store.manifestDigest(of: path) != right)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: manifest))
            for name in ["context.iso", "domain.xml", "list.signed"] {
                let file = fixture.store.place(path) + "/" + name
                let whole = try Files.read(file, limit: 1 << 20)
                for index in stride(from: 0, to: whole.count, by: max(1, whole.count / 40)) {
                    var wrong = whole
                    wrong[index] ^= 0x80
                    try Data(wrong).write(to: URL(fileURLWithPath: file))
                    #expect(try fixture.store.damage(of: path) == [name])
                }
                try Data(whole).write(to: URL(fileURLWithPath: file))
            }
            #expect(try fixture.store.damage(of: path) == [])
        }
    }
}

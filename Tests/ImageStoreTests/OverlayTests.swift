import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("An overlay") struct OverlayTests {
    static func json(_ arguments: [String]) throws -> [String: Any] {
        let run = try run("/usr/bin/qemu-img", arguments)
        guard run.status == 0 else { throw StoreFixture.Failure(text: run.errors) }
        return try JSONSerialization.jsonObject(with: run.output) as? [String: Any] ?? [:]
    }

    @Test(
        "is clean for qemu-img, over either format, and has the base's length", .needsRoot,
        arguments: [ImageFormat.raw, .qcow2])
    func clean(format: ImageFormat) throws {
        try StoreFixture.with { fixture in
            let bytes = format == .raw ? StoreFixture.random(3_000_001) : try fixture.qcow2()
            let source = try fixture.source(bytes, format: format)
            try fixture.fetch(source)
            let base = try fixture.store.open(source.digest)
            let path = fixture.scratch + "/overlay.qcow2"
            try Overlay.create(at: path, over: base, uid: 65534, gid: 65534)

            let status = try #require(try Files.status(path))
            #expect(status.mode == 0o600)
            #expect(status.uid == 65534 && status.gid == 65534)
            let check = try run("/usr/bin/qemu-img", ["check", "-f", "qcow2", path])
            #expect(check.status == 0 && check.text.contains("No errors were found"), "\(check)")
            let info = try Self.json(["info", "--output=json", "-f", "qcow2", path])
            #expect(info["virtual-size"] as? Int64 == base.image.virtualSize)
            #expect(info["backing-filename"] as? String == base.path)
            #expect(info["backing-filename-format"] as? String == format.rawValue)
            let compare = try run(
                "/usr/bin/qemu-img", ["compare", "-f", "qcow2", "-F", format.rawValue, path, base.path])
            #expect(compare.status == 0, "\(compare)")
        }
    }

    @Test(
        "is what qemu-img create makes, less the names of features", arguments: ["1M", "10G", "600G", "2T"])
    func asQemu(size: String) throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(size: size), format: .qcow2)
            try fixture.fetch(source)
            let base = try fixture.store.open(source.digest)
            let (ours, theirs) = (fixture.scratch + "/ours.qcow2", fixture.scratch + "/theirs.qcow2")
            try Overlay.create(at: ours, over: base, uid: 0, gid: 0)
            let created = try run(
                "/usr/bin/qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base.path, theirs])
            #expect(created.status == 0, "\(created)")
            for key in [
                "virtual-size", "cluster-size", "backing-filename", "backing-filename-format", "format",
            ] {
                let (one, other) = (
                    try Self.json(["info", "--output=json", ours]),
                    try Self.json(["info", "--output=json", theirs])
                )
                #expect("\(one[key] ?? "none")" == "\(other[key] ?? "nil")", "\(key)")
            }
            #expect(try run("/usr/bin/qemu-img", ["check", ours]).status == 0)
            // The tables behind the header are the same bytes.
            let (one, other) = (
                try Data(contentsOf: URL(fileURLWithPath: ours)),
                try Data(contentsOf: URL(fileURLWithPath: theirs))
            )
            #expect(
                one.dropFirst(65_536).prefix(other.count - 65_536)
                    == other.dropFirst(65_536).prefix(one.count))
            #expect(one.prefix(8) == other.prefix(8))
            #expect(one[16..<104] == other[16..<104])
        }
    }

    @Test("takes writes anywhere on the disk and stays clean, and the base stays as it was")
    func writes() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(size: "40G"), format: .qcow2)
            try fixture.fetch(source)
            let base = try fixture.store.open(source.digest)
            let path = fixture.scratch + "/overlay.qcow2"
            try Overlay.create(at: path, over: base, uid: 0, gid: 0)
            let commands = [
                "write -P 7 0 100k", "write -P 8 39g 1M", "write -P 9 20g 4k", "read -P 7 0 100k",
                "read -P 8 39g 1M",
            ]
            let wrote = try run(
                "/usr/bin/qemu-io", ["-f", "qcow2"] + commands.flatMap { ["-c", $0] } + [path])
            #expect(
                wrote.status == 0 && !wrote.text.contains("verification failed"),
                "\(wrote.text)\(wrote.errors)")
            #expect(try run("/usr/bin/qemu-img", ["check", path]).status == 0)
            #expect(try fixture.store.verify(source.digest) == base.image)
            let map = try run("/usr/bin/qemu-img", ["map", "--output=json", path])
            #expect(map.text.contains("\"depth\": 0"))
        }
    }

    @Test("takes a few kilobytes of disk whatever the base's size", arguments: ["1M", "2T"])
    func small(size: String) throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(size: size), format: .qcow2)
            try fixture.fetch(source)
            let path = fixture.scratch + "/overlay.qcow2"
            try Overlay.create(at: path, over: try fixture.store.open(source.digest), uid: 0, gid: 0)
            #expect(try #require(try Files.status(path)).allocated <= 64 << 10)
        }
    }

    @Test("does not replace a file that is there, and leaves it as it is")
    func exclusive() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(), format: .qcow2)
            try fixture.fetch(source)
            let path = fixture.scratch + "/overlay.qcow2"
            try Files.write("mine", to: path)
            #expect(throws: ImageStoreError.self) {
                try Overlay.create(at: path, over: try fixture.store.open(source.digest), uid: 0, gid: 0)
            }
            #expect(try Files.read(path, limit: 100) == Array("mine".utf8))
        }
    }

    @Test("cannot be followed to the base by the account it belongs to", .needsRoot)
    func closed() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(), format: .qcow2)
            try fixture.fetch(source)
            let path = fixture.store.path(of: source.digest)
            let read = try run(
                "/usr/bin/setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "cat", path])
            #expect(read.status != 0 && read.output.isEmpty)
        }
    }
}

@Suite("A thousand overlays") struct ManyOverlaysTests {
    @Test(
        "of one image leave it unchanged in bytes, owner and mode, and take less than 256 MiB together",
        .needsRoot)
    func many() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(try fixture.qcow2(size: "20G"), format: .qcow2)
            try fixture.fetch(source)
            let base = try fixture.store.open(source.digest)
            let before = try #require(try Files.status(base.path))
            var allocated: Int64 = 0
            for number in 0..<1024 {
                let path = "\(fixture.scratch)/overlay\(number)"
                try Overlay.create(at: path, over: base, uid: 65_000 + UInt32(number % 8), gid: 65_000)
                allocated += try #require(try Files.status(path)).allocated
            }
            // A machine writes, through the overlay.
            let wrote = try run(
                "/usr/bin/qemu-io",
                ["-f", "qcow2", "-c", "write -P 7 0 1M", "\(fixture.scratch)/overlay17"])
            #expect(wrote.status == 0, "\(wrote)")
            #expect(allocated < 256 << 20)
            #expect(try Files.status(base.path) == before)
            #expect(before.uid == 0 && before.gid == 0 && before.mode == 0o400)
            #expect(try fixture.store.verify(source.digest) == base.image)
        }
    }
}

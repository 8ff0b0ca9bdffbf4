import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("A packed image") struct UnpackTests {
    /// What packs bytes, by its words.
    static let packers: [(packing: Packing, words: [String])] = [
        (.gzip, ["/usr/bin/gzip", "-c"]), (.bzip2, ["/usr/bin/bzip2", "-c"]), (.xz, ["/usr/bin/xz", "-c"]),
        (.zstd, ["/usr/bin/zstd", "-q", "-c"]),
    ]

    static func packed(_ bytes: [UInt8], _ packing: Packing) throws -> [UInt8] {
        let words = packers.first { $0.packing == packing }?.words ?? []
        return try withScratch { scratch in
            try Data(bytes).write(to: URL(fileURLWithPath: scratch + "/in"))
            let run = try run("/bin/sh", ["-c", words.joined(separator: " ") + " <\"$0\"/in", scratch])
            guard run.status == 0 else { throw StoreFixture.Failure(text: run.errors) }
            return [UInt8](run.output)
        }
    }

    /// The refusal of these bytes under that declaration, after which nothing may be left.
    static func refused(
        _ bytes: [UInt8], format: ImageFormat = .raw, _ packing: Packing,
        limit: ByteCount = StoreFixture.limit
    ) throws -> Refusal {
        try withScratch { scratch in
            let fixture = StoreFixture(scratch: scratch, store: ImageStore(directory: scratch + "/images"))
            var source = try fixture.source(bytes, format: format)
            source.packing = packing
            let error = #expect(throws: ImageStoreError.self) { try fixture.fetch(source, limit: limit) }
            guard case .refused(let refusal) = error else {
                throw StoreFixture.Failure(text: "\(String(describing: error))")
            }
            #expect(try fixture.leftovers() == [])
            return refusal
        }
    }

    @Test(
        "comes out as it went in, under the digest of what came, with a digest of its own",
        arguments: packers.map(\.packing))
    func unpack(packing: Packing) throws {
        try StoreFixture.with { fixture in
            let disk = StoreFixture.random(1_000_000) + [UInt8](repeating: 0, count: 2_000_000) + [1]
            let wire = try Self.packed(disk, packing)
            var source = try fixture.source(wire)
            source.packing = packing
            let image = try fixture.fetch(source)
            #expect(image.digest == Sha512.digest(wire))
            #expect(image.storedDigest == Sha512.digest(disk))
            #expect(image.size == Int64(disk.count))
            let path = fixture.store.path(of: image.digest)
            #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == disk)
            let status = try #require(try Files.status(path))
            #expect(status.mode == 0o400 && status.uid == 0)
            #expect(status.allocated < 1_200_000)
            #expect(try fixture.store.verify(image.digest) == image)
            #expect(try Files.names(in: Files.parent(path)) == ["entry.json", "image"])
            #expect(try fixture.leftovers() == [image.digest.description])
        }
    }

    @Test("that holds qcow2 is inspected as such")
    func qcow2() throws {
        try StoreFixture.with { fixture in
            var source = try fixture.source(try Self.packed(try fixture.qcow2(), .xz), format: .qcow2)
            source.packing = .xz
            #expect(try fixture.fetch(source).virtualSize == 10 << 20)
        }
    }

    @Test("79: that holds another format than declared, or leads outside, is refused as UnsafeImage")
    func unsafe() throws {
        try StoreFixture.with { fixture in
            let qcow2 = try fixture.qcow2()
            #expect(try Self.refused(try Self.packed(qcow2, .gzip), format: .raw, .gzip).name == .UnsafeImage)
            let raw = StoreFixture.random(1 << 20)
            #expect(try Self.refused(try Self.packed(raw, .gzip), format: .qcow2, .gzip).name == .UnsafeImage)
            let backed = try fixture.qcow2(["-u", "-b", "/etc/passwd", "-F", "raw"], name: "backed.qcow2")
            #expect(
                try Self.refused(try Self.packed(backed, .zstd), format: .qcow2, .zstd).name == .UnsafeImage)
        }
    }

    @Test(
        "whose packing is not the declared one is refused as BadContainer", arguments: packers.map(\.packing))
    func otherPacking(packing: Packing) throws {
        let disk = StoreFixture.random(100_000)
        #expect(try Self.refused(disk, packing).name == .BadContainer)
        for other in Self.packers where other.packing != packing {
            #expect(try Self.refused(try Self.packed(disk, other.packing), packing).name == .BadContainer)
        }
        let twice = try Self.packed(try Self.packed(disk, packing), packing)
        #expect(try Self.refused(twice, packing).name == .BadContainer)
        let whole = try Self.packed(disk, packing)
        #expect(try Self.refused(Array(whole.dropLast(whole.count / 3)), packing).name == .BadContainer)
    }

    @Test(
        "that unpacks to more than the store may hold is refused as TooLarge, and stops there",
        arguments: packers.map(\.packing))
    func bomb(packing: Packing) throws {
        let bomb = try Self.packed([UInt8](repeating: 0, count: 64 << 20), packing)
        #expect(bomb.count < 1 << 20)
        let refusal = try Self.refused(bomb, packing, limit: .mebibytes(4))
        #expect(refusal.name == .TooLarge)
        #expect(refusal.message.contains("4 MiB"))
    }

    @Test(
        "that cannot be unpacked since the program is missing waits for the next fetch, and nothing comes twice"
    )
    func missingProgram() throws {
        try StoreFixture.with { fixture in
            let wire = try Self.packed(StoreFixture.random(50_000), .gzip)
            let server = try FileServer(wire)
            defer { server.server.stop() }
            let source = ImageSource(
                digest: Sha512.digest(wire), size: Int64(wire.count), format: .raw, packing: .gzip,
                uri: server.server.uri + "/image")
            var rules = StoreFixture.rules
            rules.unpacker = fixture.scratch + "/missing"
            let error = #expect(throws: ImageStoreError.self) {
                try fixture.store.fetch(
                    source, limit: StoreFixture.limit, now: StoreFixture.now, before: Deadline(seconds: 10),
                    by: rules
                ) { ImageNeeds() }
            }
            #expect(error?.blame == .node)
            try fixture.fetch(source)
            #expect(server.server.requests.count == 1)
            #expect(try fixture.leftovers() == [source.digest.description])
        }
    }

    @Test("is unpacked by a program without rights: no account, no network, no files", .needsRoot)
    func confined() throws {
        let unpacker = StoreFixture.rules.unpacker
        // Stopped while it waits for its input.
        let pipe = try Unix.Pipe()
        let out = try Unix.Pipe()
        let null = try FileDescriptor.open("/dev/null", .readWrite)
        var child = try SpawnedProcess.start(
            unpacker, [unpacker, "unpack", "gzip", "60"], environment: [],
            descriptors: [pipe.reader.rawValue, out.writer.rawValue, null.rawValue])
        defer {
            Signals.send(Signals.kill, to: child.id)
            while child.end() == nil { Deadline.sleep(milliseconds: 1) }
        }
        var status = ""
        let patience = Deadline(seconds: 20)
        while !status.contains("NoNewPrivs:\t1"), !patience.isOver {
            Deadline.sleep(milliseconds: 5)
            status = (try? String(contentsOfFile: "/proc/\(child.id)/status", encoding: .utf8)) ?? ""
        }
        // An account that nobody else has.
        let account = 0xF000_0000 + UInt32(child.id)
        let four = String(repeating: "\t\(account)", count: 4)
        #expect(status.contains("Uid:\(four)\n") && status.contains("Gid:\(four)\n"))
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            #expect(status.contains("\(set):\t0000000000000000"))
        }
        let limits = try String(contentsOfFile: "/proc/\(child.id)/limits", encoding: .utf8)
        #expect(limits.contains(#/Max file size +0 +0 /#))
        #expect(limits.contains(#/Max cpu time +60 +60 /#))
        #expect(limits.contains(#/Max address space +2147483648 +2147483648 /#))
        let network = try String(contentsOfFile: "/proc/\(child.id)/net/dev", encoding: .utf8)
        #expect(network.split(separator: "\n").count == 3)
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(child.id)/ns/net") != own)
    }
}

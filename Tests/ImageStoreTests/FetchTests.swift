import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("Fetching an image") struct FetchTests {
    @Test("puts the verified bytes under their digest, root's alone, with what was verified beside them")
    func fetch() throws {
        try StoreFixture.with { fixture in
            let bytes = StoreFixture.random(3_000_000)
            let source = try fixture.source(bytes)
            let image = try fixture.fetch(source)
            #expect(image.virtualSize == 3_000_320)
            #expect(image.fetched == StoreFixture.now)
            let path = fixture.store.path(of: source.digest)
            #expect(path == "\(fixture.store.directory)/\(source.digest)/image")
            #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
            let status = try #require(try Files.status(path))
            #expect(status.mode == 0o400)
            #expect(status.uid == Process.effectiveUser)
            #expect(try Files.status(Files.parent(path))?.mode == 0o700)
            #expect(FileIdentity(status) == image.identity)
            #expect(try fixture.store.find(source.digest) == image)
            #expect(try fixture.store.list() == [image])
            #expect(try fixture.leftovers() == [source.digest.description])
        }
    }

    @Test("leaves holes where the image has zeros, and every byte as it is")
    func sparse() throws {
        try StoreFixture.with { fixture in
            let zeros = [UInt8](repeating: 0, count: 2_000_000)
            let some = StoreFixture.random(5000)
            for bytes in [zeros, zeros + some, some + zeros, some + zeros + some + zeros + [1]] {
                let source = try fixture.source(bytes)
                try fixture.fetch(source)
                #expect(try fixture.store.verify(source.digest).size == Int64(bytes.count))
                let status = try #require(try Files.status(fixture.store.path(of: source.digest)))
                #expect(status.allocated <= 64 << 10, "\(bytes.count)")
            }
        }
    }

    @Test("happens once: the second time nothing is read")
    func once() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(1000))
            let first = try fixture.fetch(source)
            try Files.remove(fixture.scratch + "/image.raw")
            #expect(try fixture.fetch(source) == first)
        }
    }

    enum Lie: CaseIterable { case more, less, other, empty }

    @Test("refuses bytes that are not what the list says, and leaves nothing", arguments: Lie.allCases)
    func lies(lie: Lie) throws {
        try StoreFixture.with { fixture in
            let bytes = StoreFixture.random(1_500_000)
            var source = try fixture.source(bytes)
            let name: Refusal.Name
            switch lie {
            case .more: (source.size, name) = (1_499_999, .TooLarge)
            case .less: (source.size, name) = (1_500_001, .SizeMismatch)
            case .empty:
                try Data().write(to: URL(fileURLWithPath: fixture.scratch + "/image.raw"))
                name = .SizeMismatch
            case .other:
                var other = bytes
                other[1_000_000] ^= 1
                _ = try fixture.source(other)
                name = .ChecksumMismatch
            }
            #expect(refusal { try fixture.fetch(source) } == name)
            #expect(try fixture.leftovers() == [])
            #expect(refusal { _ = try fixture.store.open(source.digest) } == .ImageUnavailable)
        }
    }

    @Test("stops as soon as more bytes arrive than the list says")
    func endless() throws {
        try StoreFixture.with { fixture in
            // A hole of 1 TiB: reading all of it would take minutes.
            var source = try fixture.source([1, 2, 3])
            try FileDescriptor.open(fixture.scratch + "/image.raw", [.write]).truncate(to: 1 << 40)
            source.size = 3_000_000
            #expect(refusal { try fixture.fetch(source) } == .TooLarge)
        }
    }

    @Test(
        "refuses by name what it cannot get",
        arguments: [
            ("file:///nonexistent/bivouac-test", Refusal.Name.ImageUnavailable),
            ("file:///dev/zero", .ImageUnavailable),
            ("file:///tmp", .ImageUnavailable), ("ftp://a/b", .BadURI), ("/etc/passwd", .BadURI),
            ("file://otherhost/a", .BadURI), ("file:a", .BadURI), ("file:///a/../b", .BadURI),
            ("file:///a%2", .BadURI), ("file:///a%00", .BadURI), ("file:///a?b", .BadURI), ("", .BadURI),
        ])
    func unavailable(uri: String, name: Refusal.Name) throws {
        try StoreFixture.with { fixture in
            var source = try fixture.source([1])
            source.uri = uri
            #expect(refusal { try fixture.fetch(source) } == name)
            #expect(try fixture.leftovers() == [])
        }
    }

    @Test("takes names with escapes in the URI as they are meant")
    func escapes() throws {
        #expect(FileURI("file:///a%20b/%c3%A4")?.path == "/a b/ä")
        #expect(FileURI("file://localhost/x")?.path == "/x")
        #expect(FileURI("file:/x")?.path == "/x")
    }

    @Test("by thirty-two at once reads the source once")
    func singleFlight() async throws {
        let scratch = NSTemporaryDirectory() + "/bivouac-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let fixture = StoreFixture(scratch: scratch, store: ImageStore(directory: scratch + "/images"))
        let source = try fixture.source(StoreFixture.random(2_000_000))
        let images = try await withThrowingTaskGroup(of: StoredImage.self) { group in
            for _ in 0..<32 { group.addTask { try fixture.fetch(source, seconds: 60) } }
            return try await group.reduce(into: Set<StoredImage>()) { $0.insert($1) }
        }
        // A second fetch would have made another file, with another identity.
        #expect(images.count == 1)
        #expect(try fixture.leftovers() == [source.digest.description])
    }

    @Test("waits for another process that is at it, until the deadline, and takes over when it dies")
    func takeOver() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(1000))
            do {
                let lock = try fixture.store.lock(source.digest, before: Deadline(seconds: 1))
                #expect(throws: ImageStoreError.busy(source.digest)) { try fixture.fetch(source, seconds: 0) }
                withExtendedLifetime(lock) {}
            }
            // What the dead one left.
            try Files.makeDirectories(fixture.store.place(source.digest).path + ".new", mode: 0o700)
            try Files.write("half", to: fixture.store.place(source.digest).path + ".new/image")
            try fixture.fetch(source)
            #expect(try fixture.leftovers() == [source.digest.description])
        }
    }

    @Test("starts over where a crash left a directory without a readable entry", arguments: ["", "{", "{}"])
    func torn(entry: String) throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(1000))
            let image = try fixture.fetch(source)
            try Files.write(entry, to: fixture.store.place(source.digest).entry)
            #expect(try fixture.store.find(source.digest) == nil)
            #expect(try fixture.fetch(source).digest == image.digest)
            #expect(refusal { _ = try fixture.store.open(source.digest) } == nil)
        }
    }
}

import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("A store that nodes share") struct SharedStoreTests {
    /// A node's store over a shared one, which another node filled.
    struct Layers {
        let fixture: StoreFixture
        let lower: ImageStore

        static func with(_ body: (Layers) throws -> Void) throws {
            try withScratch { scratch in
                let lower = ImageStore(directory: scratch + "/shared")
                try body(
                    Layers(
                        fixture: StoreFixture(
                            scratch: scratch,
                            store: ImageStore(directory: scratch + "/images", shared: scratch + "/shared")),
                        lower: lower))
            }
        }

        /// An image that only the shared store has: its source is gone.
        func shared(_ bytes: [UInt8], format: ImageFormat = .raw) throws -> ImageSource {
            let source = try fixture.source(bytes, format: format)
            _ = try lower.fetch(
                source, limit: StoreFixture.limit, now: StoreFixture.now, before: Deadline(seconds: 9),
                by: StoreFixture.rules
            ) { ImageNeeds() }
            try Files.remove(String(source.uri.dropFirst("file://".count)))
            return source
        }

        /// Names and times of all that is in the shared store.
        func traces() throws -> [String: FileIdentity] {
            var found: [String: FileIdentity] = [:]
            let files = FileManager.default.enumerator(atPath: lower.directory)
            while let name = files?.nextObject() as? String {
                found[name] = FileIdentity(try #require(try Files.status(lower.directory + "/" + name)))
            }
            return found
        }
    }

    @Test("has the image: it is verified once, remembered, and used where it lies; nothing is written there")
    func adopted() throws {
        try Layers.with { layers in
            let bytes = StoreFixture.random(5000)
            let source = try layers.shared(bytes)
            let before = try layers.traces()
            let image = try layers.fixture.fetch(source)
            #expect(image.shared == layers.lower.path(of: source.digest))
            let opened = try layers.fixture.store.open(source.digest)
            #expect(opened.path == layers.lower.path(of: source.digest))
            #expect(try opened.file.read(upTo: 9000, at: 0) == bytes)
            #expect(try layers.fixture.store.verify(source.digest) == image)
            #expect(try layers.traces() == before)
            // It takes no room here, and to evict it forgets it.
            #expect(image.held == 0)
            try layers.fixture.store.evict(source.digest, before: Deadline(seconds: 1)) { ImageNeeds() }
            #expect(try layers.fixture.leftovers().isEmpty)
            #expect(try layers.traces() == before)
        }
    }

    @Test("comes after the node's own, and what it lacks is fetched")
    func order() throws {
        try Layers.with { layers in
            let own = try layers.fixture.source(StoreFixture.random(5000))
            #expect(try layers.fixture.fetch(own).shared == nil)
            let both = try layers.shared(StoreFixture.random(6000))
            try layers.fixture.fetch(both)
            #expect(try layers.fixture.store.open(own.digest).image.shared == nil)
            #expect(try layers.fixture.store.open(both.digest).image.shared != nil)
        }
    }

    enum Fault: CaseIterable { case byte, longer, shorter, link, directory, unreadable }

    @Test(
        "whose copy is not the image is not used: it is fetched as if it were not there",
        arguments: Fault.allCases)
    func bad(fault: Fault) throws {
        try Layers.with { layers in
            let bytes = StoreFixture.random(5000)
            let source = try layers.shared(bytes)
            let path = layers.lower.path(of: source.digest)
            switch fault {
            case .byte: try FileDescriptor.open(path, [.write]).write([1], at: 17)
            case .longer: try FileDescriptor.open(path, [.write, .append]).write([1])
            case .shorter: try FileDescriptor.open(path, [.write]).truncate(to: 10)
            case .link, .directory:
                try Files.rename(path, to: path + ".away")
                if fault == .directory {
                    try Files.makeDirectory(path, mode: 0o755)
                } else {
                    try FileManager.default.createSymbolicLink(
                        atPath: path, withDestinationPath: path + ".away")
                }
            case .unreadable: try Files.removeTree(path)
            }
            #expect(refusal { try layers.fixture.fetch(source) } == .ImageUnavailable)
            _ = try layers.fixture.source(bytes)
            #expect(try layers.fixture.fetch(source).shared == nil)
        }
    }

    @Test("is inspected like any other: its own entries count for nothing")
    func inspected() throws {
        try Layers.with { layers in
            var bytes = try layers.fixture.qcow2()
            // A backing file.
            bytes.replaceSubrange(8..<16, with: [0, 0, 0, 0, 0, 0, 2, 0])
            let digest = Sha512.digest(bytes)
            let place = layers.lower.place(digest)
            try Files.makeDirectories(place.path, mode: 0o755)
            try Data(bytes).write(to: URL(fileURLWithPath: place.image))
            let source = ImageSource(
                digest: digest, size: Int64(bytes.count), format: .qcow2, uri: "file:///nowhere")
            #expect(refusal { try layers.fixture.fetch(source) } == .UnsafeImage)
            #expect(try layers.fixture.leftovers().isEmpty)
        }
    }

    @Test("whose file changed since is read again before it is used, and dropped when it is another")
    func changed() throws {
        try Layers.with { layers in
            let bytes = StoreFixture.random(5000)
            let source = try layers.shared(bytes)
            let path = layers.lower.path(of: source.digest)
            func obtain() throws -> String? {
                try layers.fixture.store.obtain(source) { _ in
                } fetch: { () throws(ImageStoreError) in
                    _ = try layers.fixture.store.fetch(
                        source, limit: StoreFixture.limit, now: StoreFixture.now,
                        before: Deadline(seconds: 9), by: StoreFixture.rules
                    ) { ImageNeeds() }
                }.image.shared
            }
            #expect(try obtain() == path)
            // The same bytes in another file, as after a copy to another server.
            try Files.write(bytes, to: path, mode: 0o444)
            #expect(try obtain() == path)
            try Files.write(StoreFixture.random(5000), to: path, mode: 0o444)
            #expect(refusal { _ = try obtain() } == .ImageUnavailable)
            #expect(try layers.fixture.leftovers().isEmpty)
            #expect(try layers.fixture.store.quarantined().isEmpty)
            #expect(Files.exists(path))
        }
    }
}

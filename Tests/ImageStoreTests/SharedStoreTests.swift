import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("A store that nodes share") struct SharedStoreTests {
    /// What carries a shared store to its nodes.
    enum Carrier: CaseIterable {
        case directory, nfs

        static var here: [Carrier] { NFS.here == nil ? [.directory] : allCases }
    }

    /// A node's store over a shared one, which another node filled.
    struct Layers {
        let fixture: StoreFixture
        /// The shared store where it is filled.
        let lower: ImageStore
        /// The shared store as the node sees it.
        let seen: ImageStore

        static func with(_ carrier: Carrier = .directory, _ body: (Layers) throws -> Void) throws {
            try withScratch { scratch in
                let nfs = carrier == .nfs ? NFS.here : nil
                let name = nfs == nil ? "/shared" : "/" + UUID().uuidString
                let lower = ImageStore(directory: (nfs?.exported ?? scratch) + name)
                let seen = ImageStore(directory: (nfs?.mounted ?? scratch) + name)
                defer { _ = try? Files.removeTree(lower.directory) }
                let store = ImageStore(directory: scratch + "/images", shared: seen.directory)
                try body(
                    Layers(fixture: StoreFixture(scratch: scratch, store: store), lower: lower, seen: seen))
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

        /// The image as a job's start gets it.
        func obtain(_ source: ImageSource) throws -> StoredImage {
            try fixture.store.obtain(source) { _ in
            } fetch: { () throws(ImageStoreError) in
                _ = try fixture.store.fetch(
                    source, limit: StoreFixture.limit, now: StoreFixture.now, before: Deadline(seconds: 60),
                    by: StoreFixture.rules
                ) { ImageNeeds() }
            }.image
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

    @Test(
        "has the image: it is verified once, remembered, and used where it lies; nothing is written there",
        arguments: Carrier.here)
    func adopted(by carrier: Carrier) throws {
        try Layers.with(carrier) { layers in
            let bytes = StoreFixture.random(5000)
            let source = try layers.shared(bytes)
            let before = try layers.traces()
            let image = try layers.fixture.fetch(source)
            #expect(image.shared == layers.seen.path(of: source.digest))
            let opened = try layers.fixture.store.open(source.digest)
            #expect(opened.path == layers.seen.path(of: source.digest))
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
        arguments: Fault.allCases, Carrier.here)
    func bad(fault: Fault, by carrier: Carrier) throws {
        try Layers.with(carrier) { layers in
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

    @Test(
        "whose file changed since is read again before it is used, and dropped when it is another",
        arguments: Carrier.here)
    func changed(by carrier: Carrier) throws {
        try Layers.with(carrier) { layers in
            let bytes = StoreFixture.random(5000)
            let source = try layers.shared(bytes)
            let path = layers.lower.path(of: source.digest)
            let seen = layers.seen.path(of: source.digest)
            func obtain() throws -> String? { try layers.obtain(source).shared }
            #expect(try obtain() == seen)
            // The same bytes in another file, as after a copy to another server.
            try Files.write(bytes, to: path, mode: 0o444)
            #expect(try obtain() == seen)
            try Files.write(StoreFixture.random(5000), to: path, mode: 0o444)
            #expect(refusal { _ = try obtain() } == .ImageUnavailable)
            #expect(try layers.fixture.leftovers().isEmpty)
            #expect(try layers.fixture.store.quarantined().isEmpty)
            #expect(Files.exists(path))
        }
    }

    @Test("whose server does not answer is gone without: the image comes from its source", .needsNFS)
    func away() throws {
        try Layers.with(.nfs) { layers in
            let bytes = StoreFixture.random(5000)
            let source = try layers.shared(bytes)
            #expect(try layers.obtain(source).shared != nil)
            _ = try layers.fixture.source(bytes)
            try #require(NFS.here).away { () throws in #expect(try layers.obtain(source).shared == nil) }
        }
    }

    @Test("whose file is lost to those who have it open is read no more, and forgotten", .needsNFS)
    func stale() throws {
        try Layers.with(.nfs) { layers in
            let bytes = StoreFixture.random(3_000_000)
            let source = try layers.shared(bytes)
            #expect(try layers.obtain(source).shared != nil)
            let opened = try layers.fixture.store.open(source.digest)
            try Files.removeTree(layers.lower.place(source.digest).path)
            try #require(NFS.here).forget()
            try Data("3".utf8).write(to: URL(fileURLWithPath: "/proc/sys/vm/drop_caches"))
            #expect(throws: UnixError.self) { try opened.file.read(upTo: 1 << 20, at: 0) }
            #expect(refusal { _ = try layers.fixture.store.verify(source.digest) } == .ImageUnavailable)
            #expect(try layers.fixture.leftovers() == [])
            #expect(try layers.fixture.store.quarantined() == [])
            _ = try layers.fixture.source(bytes)
            #expect(try layers.obtain(source).shared == nil)
        }
    }
}

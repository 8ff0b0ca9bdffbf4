import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("The bytes of an image, after they were verified") struct IntegrityTests {
    /// Changes bytes of an image and makes its entry say that this is the verified file, as a failing disk does.
    static func rot(_ digest: ImageDigest, in store: ImageStore, at offset: Int64 = 100) throws {
        let path = store.path(of: digest)
        let before = FileIdentity(try #require(try Files.status(path)))
        try FileDescriptor.open(path, [.write]).write([1, 2, 3, 4, 5, 6, 7, 8], at: offset)
        let after = FileIdentity(try #require(try Files.status(path)))
        let entry = store.place(digest).entry
        let text = String(decoding: try Files.read(entry, limit: 4096), as: UTF8.self)
        try Files.write(text.replacingOccurrences(of: before.description, with: after.description), to: entry)
    }

    /// Ticks, with time enough in between, until nothing is due; what came of each image.
    static func rehash(_ store: ImageStore, budget: Int64, at now: Timestamp, each seconds: Int64 = 100)
        throws -> [ImageStore.Rehash]
    {
        var outcomes: [ImageStore.Rehash] = []
        for index in 0..<200 as Range<Int64> {
            let outcome = try store.rehash(
                budget: budget, every: 1000, at: now + index * seconds, before: Deadline(seconds: 60))
            guard let outcome else { return outcomes }
            outcomes.append(outcome)
        }
        throw StoreFixture.Failure(text: "it does not end")
    }

    @Test("a sealed file is read-only, and says whether the kernel guards it")
    func sealed() throws {
        try StoreFixture.with { fixture in
            let image = try fixture.fetch(try fixture.source(StoreFixture.random(5000)))
            let file = try FileDescriptor.open(fixture.store.path(of: image.digest), [.read])
            #expect(try file.status().mode == 0o400)
            #expect(image.verity == file.verity)
            #expect(image.verity.map { $0.hasPrefix("sha256:") && $0.utf8.count == 71 } ?? true)
        }
    }

    @Test("all of it is read again in slices, each image once in its time, the oldest reading first")
    func slices() throws {
        try StoreFixture.with { fixture in
            let sizes = [5_000_000, 3_000_000, 0x30_0001]
            let sources = try sizes.map { try fixture.source(StoreFixture.random($0), name: "image\($0)") }
            for (index, source) in sources.enumerated() {
                try fixture.fetch(source, at: StoreFixture.now + Int64(index))
            }
            let now = StoreFixture.now
            #expect(try Self.rehash(fixture.store, budget: 1 << 20, at: now + 1000).isEmpty)
            let outcomes = try Self.rehash(fixture.store, budget: 1 << 20, at: now + 5000)
            let images = try sources.map { try #require(try fixture.store.find($0.digest)) }
            let good = outcomes.filter { if case .good = $0 { true } else { false } }
            #expect(good == images.map { .good($0) })
            // A slice a mebibyte, and one more look to see the end.
            #expect(outcomes.count == 5 + 3 + 4)
            #expect(outcomes.first == .begun(images[0], 1 << 20))
            #expect(try Self.rehash(fixture.store, budget: 1 << 20, at: now + 6200).isEmpty)
            let verified = images.map { fixture.store.lastVerified($0) }
            #expect(verified == [now + 5400, now + 5700, now + 6100])
            #expect(try fixture.leftovers().filter { $0.hasSuffix(".json") }.isEmpty)
        }
    }

    @Test("a slice waits as long as all can be read in half the time all the same, ten minutes at most")
    func pace() throws {
        try StoreFixture.with { fixture in
            try fixture.fetch(try fixture.source(StoreFixture.random(3_000_000)))
            // Three slices: a sixth of the interval lies between two.
            for (interval, pause) in [(600, 100), (36_000, 600)] as [(Int64, Int64)] {
                var now = StoreFixture.now + 100 * interval
                func slice() throws -> Bool {
                    try fixture.store.rehash(
                        budget: 1 << 20, every: interval, at: now, before: Deadline(seconds: 9)) != nil
                }
                #expect(try slice())
                #expect(try !slice())
                now = now + (pause - 1)
                #expect(try !slice())
                now = now + 1
                #expect(try slice())
                // A clock that was set back.
                now = now + -10_000
                #expect(try slice())
                try Files.remove(fixture.store.directory + "/rehash.json")
            }
        }
    }

    @Test(
        "damage is found by the slices wherever it is, and sets the image aside", arguments: [100, 4_999_990])
    func damage(offset: Int64) throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(5_000_000))
            let image = try fixture.fetch(source)
            try Self.rot(source.digest, in: fixture.store, at: offset)
            #expect(refusal { _ = try fixture.store.open(source.digest) } == nil)
            let outcomes = try Self.rehash(fixture.store, budget: 1 << 20, at: StoreFixture.now + 5000)
            guard case .damaged(let found, let refusal) = outcomes.last else {
                Issue.record("\(outcomes)")
                return
            }
            #expect(found.digest == image.digest && refusal.name == .ChecksumMismatch)
            #expect(try fixture.store.list().isEmpty)
            #expect(try fixture.store.quarantined() == [source.digest])
            #expect(Files.exists("\(fixture.store.damaged)/\(source.digest)/image"))
        }
    }

    @Test("a reading begins anew when its state is lost, of another image, or nonsense")
    func resume() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(5_000_000))
            try fixture.fetch(source)
            let state = fixture.store.directory + "/rehash.json"
            for text in ["", "{}", "x"] {
                _ = try fixture.store.rehash(
                    budget: 1 << 20, every: 10, at: StoreFixture.now + 100, before: Deadline(seconds: 9))
                #expect(Files.exists(state))
                try Files.write(text, to: state)
            }
            let outcomes = try Self.rehash(
                fixture.store, budget: 2 << 20, at: StoreFixture.now + 5000, each: 200)
            #expect(outcomes.count == 3)
            guard case .good = outcomes.last else {
                Issue.record("\(outcomes)")
                return
            }
        }
    }

    @Test("verify tells how far it is, and when it was")
    func progress() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(2_500_000))
            try fixture.fetch(source)
            var told: [Int64] = []
            let image = try fixture.store.verify(source.digest, at: StoreFixture.now + 77) { done, size in
                #expect(size == 2_500_000)
                told.append(done)
            }
            #expect(told == [1 << 20, 2 << 20, 2_500_000])
            #expect(fixture.store.lastVerified(image) == StoreFixture.now + 77)
        }
    }

    @Test("a job's start finds what changed, tells it, and gets the image anew, never the damaged one")
    func obtain() throws {
        try StoreFixture.with { fixture in
            let bytes = StoreFixture.random(5000)
            let source = try fixture.source(bytes)
            try fixture.fetch(source)
            try FileDescriptor.open(fixture.store.path(of: source.digest), [.write]).write([9], at: 4000)
            var told: [Refusal.Name] = []
            var fetched = 0
            let opened = try fixture.store.obtain(source) { (refusal) throws(ImageStoreError) in
                told.append(refusal.name)
            } fetch: { () throws(ImageStoreError) in
                fetched += 1
                _ = try fixture.store.fetch(
                    source, limit: StoreFixture.limit, now: StoreFixture.now, before: Deadline(seconds: 9),
                    by: StoreFixture.rules
                ) { ImageNeeds() }
            }
            #expect(told == [.ChecksumMismatch] && fetched == 1)
            #expect(try opened.file.read(upTo: 6000, at: 0) == bytes)
            #expect(try fixture.store.quarantined() == [source.digest])
        }
    }

    @Test("an image that is being evicted while somebody looks is missing, not damaged")
    func moved() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(5000))
            let image = try fixture.fetch(source)
            // The directory is there, and its image has just gone: what a look in the middle of a removal sees.
            let place = fixture.store.place(source.digest)
            try Files.remove(place.image)
            let directory = try ImageStore.open(directory: place.path)
            try Files.rename(place.path, to: place.withdrawn)
            #expect(try ImageStore.entry(of: source.digest, in: directory) == image)
            #expect(try !fixture.store.setAside(image))
            #expect(try fixture.store.quarantined().isEmpty)
        }
    }
}

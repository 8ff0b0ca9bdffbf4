import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import ImageStore

@Suite("Room in the store") struct SpaceTests {
    static let nothing = ImageNeeds()

    static func claim(_ name: String, vo: String = "demo", user: String? = "ann") throws -> ImageClaim {
        ImageClaim(image: try #require(ImageName(name)), vo: vo, user: user)
    }

    @Test("an image is evicted when nothing needs it, and stays with the reason when something does")
    func evict() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(5000))
            try fixture.fetch(source)
            let needs = ImageNeeds([source.digest], because: "job t-1 runs from it")
            #expect(throws: ImageStoreError.inUse(source.digest, ["job t-1 runs from it"])) {
                try fixture.store.evict(source.digest, before: Deadline(seconds: 1)) { needs }
            }
            let opened = try fixture.store.open(source.digest)
            try fixture.store.evict(source.digest, before: Deadline(seconds: 1)) { Self.nothing }
            #expect(try fixture.leftovers() == [])
            // Who runs from it runs on.
            #expect(try opened.file.read(upTo: 5000, at: 0).count == 5000)
        }
    }

    @Test("a need that appears while the image is being evicted brings it back, unchanged")
    func secondThought() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(5000))
            let image = try fixture.fetch(source)
            var asked = 0
            #expect(throws: ImageStoreError.inUse(source.digest, ["late"])) {
                try fixture.store.evict(source.digest, before: Deadline(seconds: 1)) {
                    asked += 1
                    // From the second question on the image is out of sight.
                    guard asked > 1 else { return Self.nothing }
                    if asked == 2 { #expect(try! fixture.store.find(source.digest) == nil) }
                    return ImageNeeds([source.digest], because: "late")
                }
            }
            #expect(try fixture.store.open(source.digest).image == image)
            #expect(try fixture.leftovers() == [source.digest.description])
        }
    }

    @Test("needs that cannot be known let nothing go")
    func unknown() throws {
        try StoreFixture.with { fixture in
            let source = try fixture.source(StoreFixture.random(5000))
            try fixture.fetch(source)
            for first in 1...2 {
                var asked = 0
                #expect(throws: ImageStoreError.unknownNeeds("lost")) {
                    try fixture.store.evict(source.digest, before: Deadline(seconds: 1)) {
                        () throws(ImageStoreError) in
                        asked += 1
                        if asked == first { throw .unknownNeeds("lost") }
                        return Self.nothing
                    }
                }
                #expect(try fixture.leftovers() == [source.digest.description])
            }
        }
    }

    @Test("the image that no job used for the longest time goes first, whenever it was fetched")
    func leastRecentlyUsed() throws {
        try StoreFixture.with { fixture in
            let limit = ByteCount(10_000)
            let sources = try (0..<4).map {
                try fixture.source(StoreFixture.random(4000), name: "image\($0)")
            }
            for (index, source) in sources.prefix(2).enumerated() {
                try fixture.fetch(source, limit: limit, at: StoreFixture.now + Int64(index))
            }
            fixture.store.markUsed(sources[0].digest, at: StoreFixture.now + 100)
            try fixture.fetch(sources[2], limit: limit, at: StoreFixture.now + 200)
            #expect(Set(try fixture.store.list().map(\.digest)) == [sources[0].digest, sources[2].digest])
            // And what is needed stays, however long ago it was used.
            try fixture.fetch(
                sources[3], limit: limit, at: StoreFixture.now + 300, needed: [sources[0].digest])
            #expect(Set(try fixture.store.list().map(\.digest)) == [sources[0].digest, sources[3].digest])
        }
    }

    @Test("an image that does not fit is refused with who holds what, and nothing goes in vain")
    func full() throws {
        try StoreFixture.with { fixture in
            var sources = try (0..<3).map {
                try fixture.source(StoreFixture.random(4000), name: "image\($0)")
            }
            sources[0].claim = try Self.claim("demo/first")
            for source in sources.prefix(2) { try fixture.fetch(source, limit: ByteCount(10_000)) }
            sources[2].size = 7000
            let error = #expect(throws: ImageStoreError.self) {
                try fixture.fetch(sources[2], limit: ByteCount(10_000), needed: [sources[0].digest])
            }
            #expect(error?.blame == .job)
            #expect(
                "\(try #require(error))"
                    == "could not store an image of 7000 B: the store's limit is 10000 B ([store] limit in "
                    + "site.toml); needed are demo/first (4000 B: a test)")
            // The other one could have gone, and would not have been enough.
            #expect(try fixture.store.list().count == 2)
        }
    }

    @Test("an image that is larger than the disk is refused before a byte is read, and the node is to blame")
    func noSpace() throws {
        try StoreFixture.with { fixture in
            var source = try fixture.source([1])
            source.size = 1 << 60
            let error = #expect(throws: ImageStoreError.self) {
                try fixture.fetch(source, limit: ByteCount(Int64.max / 2))
            }
            guard case .full(let shortage) = error, case .fileSystem = shortage.bound else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.blame == .node)
            #expect(try fixture.leftovers() == [])
        }
    }

    @Test(
        "a quota bounds what its VO, list or user holds, lets their own images go and no others",
        arguments: ImageQuota.Kind.allCases)
    func quota(kind: ImageQuota.Kind) throws {
        try withScratch { scratch in
            let quota = ImageQuota(
                each: [kind: ByteCount(9000)],
                named: [kind: ["big": ByteCount(50_000)]])
            let fixture = StoreFixture(
                scratch: scratch, store: ImageStore(directory: scratch + "/images", quota: quota))
            func claim(_ name: String) throws -> ImageClaim {
                try Self.claim(
                    (kind == .list ? name : "demo") + "/image", vo: kind == .vo ? name : "demo",
                    user: kind == .user ? name : "ann")
            }
            func source(_ name: String, _ index: Int) throws -> ImageSource {
                var source = try fixture.source(StoreFixture.random(4000), name: "\(name)\(index)")
                source.claim = try claim(name)
                return source
            }
            let other = try source("other", 0)
            try fixture.fetch(other, at: StoreFixture.now + -1000)
            let own = try (0..<3).map { try source("own", $0) }
            for (index, source) in own.enumerated() {
                try fixture.fetch(source, at: StoreFixture.now + Int64(index))
            }
            // The third of its own took the first one's place; what is older and another's stayed.
            #expect(
                Set(try fixture.store.list().map(\.digest)) == [other.digest, own[1].digest, own[2].digest])
            let more = try source("own", 3)
            let error = #expect(throws: ImageStoreError.self) {
                try fixture.fetch(more, needed: Set(own.map(\.digest)))
            }
            guard case .full(let shortage) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(shortage.bound == .quota(kind, "own"))
            #expect(shortage.limit == 9000 && shortage.holders.count == 2)
            #expect(error?.blame == .job)
            // A quota by name overrules that for each.
            for index in 0..<4 { try fixture.fetch(try source("big", index)) }
            #expect(try fixture.store.list().count == 7)
        }
    }

    @Test("fetches that run at the same time keep room for each other, and one that died keeps none")
    func reservations() throws {
        try StoreFixture.with { fixture in
            let limit = ByteCount(10_000)
            let (one, other) = (
                try fixture.source(StoreFixture.random(6000), name: "one"),
                try fixture.source(StoreFixture.random(6000), name: "other")
            )
            do {
                // Somebody is at work on the first.
                let lock = try fixture.store.lock(one.digest, before: Deadline(seconds: 1))
                try fixture.store.makeRoom(
                    for: one.size, of: one, limit: limit, before: Deadline(seconds: 1)
                ) {
                    Self.nothing
                }
                let error = #expect(throws: ImageStoreError.self) {
                    try fixture.fetch(other, limit: limit)
                }
                guard case .full = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                withExtendedLifetime(lock) {}
            }
            try fixture.fetch(other, limit: limit)
            #expect(try fixture.store.list().map(\.digest) == [other.digest])
        }
    }

    @Test("a pin keeps an image, also one that comes later, until it is taken back")
    func pins() throws {
        try StoreFixture.with { fixture in
            let limit = ByteCount(5000)
            let (one, other) = (
                try fixture.source(StoreFixture.random(4000), name: "one"),
                try fixture.source(StoreFixture.random(4000), name: "other")
            )
            let pin = ImagePin(by: "uid 7", since: StoreFixture.now, reason: "beam time")
            #expect(try !fixture.store.pin(one.digest, pin, before: Deadline(seconds: 1)))
            try fixture.fetch(one, limit: limit)
            #expect(try fixture.store.pin(one.digest, pin, before: Deadline(seconds: 1)))
            #expect(try fixture.store.pins() == [one.digest: pin])
            let error = #expect(throws: ImageStoreError.self) { try fixture.fetch(other, limit: limit) }
            let reason = "pinned by uid 7 since 2027-01-15T08:00:00Z: beam time"
            #expect("\(try #require(error))".contains(reason))
            #expect(throws: ImageStoreError.inUse(one.digest, [reason])) {
                try fixture.store.evict(one.digest, before: Deadline(seconds: 1)) { Self.nothing }
            }
            #expect(try fixture.store.unpin(one.digest))
            #expect(try !fixture.store.unpin(one.digest))
            try fixture.fetch(other, limit: limit)
            #expect(try fixture.store.list().map(\.digest) == [other.digest])
        }
    }

    @Test("an eviction that died is ended by the next sweep: needed images come back, others go")
    func died() throws {
        try StoreFixture.with { fixture in
            let sources = try (0..<2).map {
                try fixture.source(StoreFixture.random(4000), name: "image\($0)")
            }
            for source in sources {
                try fixture.fetch(source)
                let place = fixture.store.place(source.digest)
                try Files.rename(place.path, to: place.withdrawn)
            }
            try fixture.store.sweep(at: StoreFixture.now) {
                ImageNeeds([sources[0].digest], because: "a test")
            }
            #expect(try fixture.leftovers() == [sources[0].digest.description])
            #expect(refusal { _ = try fixture.store.open(sources[0].digest) } == nil)
        }
    }
}

@Suite("Why images stay") struct NeedsTests {
    @Test("the first reasons are told, and how many more there are")
    func reasons() throws {
        let digest = Sha512.digest([1])
        var needs = ImageNeeds()
        #expect(!needs.contains(digest) && needs.why(digest).isEmpty)
        for number in 1...5 { needs.add(digest, because: "job \(number)") }
        #expect(needs.why(digest) == ["job 1", "job 2", "job 3", "2 more"])
        let both = needs.union(ImageNeeds([digest, Sha512.digest([2])], because: "queue"))
        #expect(both.why(digest) == ["job 1", "job 2", "job 3", "3 more"])
        #expect(both.why(Sha512.digest([2])) == ["queue"])
        #expect(ImageNeeds().union(needs) == needs)
    }
}

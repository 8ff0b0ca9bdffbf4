import Digest
import Foundation
import Job
import Synchronization
import TestSupport
import Testing
import Unix

@testable import ImageStore

/// What jobs say that they need, as their records do.
private final class Needs: Sendable {
    private let held = Mutex<[ImageDigest: Int]>([:])

    func add(_ digest: ImageDigest) { held.withLock { $0[digest, default: 0] += 1 } }
    func drop(_ digest: ImageDigest) {
        held.withLock {
            $0[digest, default: 0] -= 1
            if $0[digest] == 0 { $0[digest] = nil }
        }
    }
    var now: ImageNeeds { held.withLock { ImageNeeds($0.keys, because: "a job") } }
}

/// Counts of what happened, told from several threads.
private final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func count(_ what: String) { counts.withLock { $0[what, default: 0] += 1 } }
    subscript(what: String) -> Int { counts.withLock { $0[what] ?? 0 } }
    var all: [String: Int] { counts.withLock { $0 } }
}

@Suite("Eviction while jobs start") struct EvictionStressTests {
    static var rounds: Int {
        ProcessInfo.processInfo.environment["BIVOUAC_TEST_LONG"] == nil ? 1500 : 50_000
    }

    @Test("never removes a base that is in use, nor a damaged look from it, in thousands of interleavings")
    func stress() async throws {
        let scratch = NSTemporaryDirectory() + "/bivouac-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let fixture = StoreFixture(scratch: scratch, store: ImageStore(directory: scratch + "/images"))
        // Six images, room for three.
        let sources = try (0..<6).map { try fixture.source(StoreFixture.random(4000), name: "image\($0)") }
        let limit = ByteCount(3 * 4000 + 100)
        let needs = Needs()
        let tally = Tally()
        let rounds = Self.rounds

        let jobs = (0..<3).map { _ in
            Thread {
                for _ in 0..<rounds {
                    Self.job(sources[.random(in: 0..<6)], fixture.store, limit, needs, tally)
                }
                tally.count("over")
            }
        }
        let evictor = Thread {
            while tally["over"] < 3 {
                let digest = sources[.random(in: 0..<6)].digest
                do {
                    try fixture.store.evict(digest, before: Deadline(seconds: 60)) { needs.now }
                    tally.count("evicted")
                } catch {
                    if case ImageStoreError.inUse = error {
                        tally.count("kept")
                    } else {
                        tally.count("\(error)")
                    }
                }
            }
            tally.count("over")
        }
        for thread in jobs + [evictor] { thread.start() }
        while tally["over"] < 4 { try await Task.sleep(for: .milliseconds(20)) }

        let known: Set<String> = ["over", "evicted", "kept", "ran", "full"]
        #expect(tally.all.filter { !known.contains($0.key) } == [:])
        #expect(tally["ran"] + tally["full"] == 3 * rounds)
        #expect(tally["ran"] > rounds && tally["evicted"] > 10 && tally["kept"] > 10, "\(tally.all)")
        #expect(try fixture.store.quarantined().isEmpty)
        let left = try fixture.leftovers()
        #expect(left.allSatisfy { ImageDigest($0) != nil }, "\(left)")
        #expect(left.count <= 3)
    }

    /// A job's start as the prologue does it: the need first, then the image.
    private static func job(
        _ source: ImageSource, _ store: ImageStore, _ limit: ByteCount, _ needs: Needs, _ tally: Tally
    ) {
        needs.add(source.digest)
        defer { needs.drop(source.digest) }
        do {
            let opened = try store.obtain(source) { _ in
                tally.count("seemed damaged")
            } fetch: { () throws(ImageStoreError) in
                _ = try store.fetch(
                    source, limit: limit, now: StoreFixture.now, before: Deadline(seconds: 60),
                    by: StoreFixture.rules
                ) { needs.now }
            }
            for _ in 0..<3 {
                // Once the need is known, the file keeps its name, or gets it back.
                if try opened.file.status().links != 1 { tally.count("removed in use") }
                sched_yield()
            }
            tally.count("ran")
        } catch ImageStoreError.full {
            tally.count("full")
        } catch {
            tally.count("\(error)")
        }
    }
}

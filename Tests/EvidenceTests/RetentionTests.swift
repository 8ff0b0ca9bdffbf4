import Digest
import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import Evidence

@Suite("Retention") struct RetentionTests {
    static let day: Int64 = 86_400

    @Test("removes what is older than the site keeps it, counted from the machine's end")
    func age() throws {
        try EvidenceFixture.with { fixture in
            let now = EvidenceFixture.now
            let old = try fixture.start("demo-1.0", at: now + -9 * Self.day)
            try fixture.end(old, at: now + -8 * Self.day)
            let long = try fixture.start("demo-2.0", at: now + -9 * Self.day)
            try fixture.end(long, at: now + -6 * Self.day)
            let unended = try fixture.start("demo-3.0", at: now + -8 * Self.day)
            let new = try fixture.start("demo-4.0")
            #expect(Set(try fixture.prune(at: now)) == [old, unended])
            #expect(try fixture.store.paths() == [long, new])
        }
    }

    @Test("removes the oldest first until the rest fits the limit")
    func limit() throws {
        try EvidenceFixture.with { fixture in
            let paths = try (0..<6).map { index in
                try fixture.start("demo-\(index).0", at: EvidenceFixture.now + Int64(index))
            }
            let each = try fixture.store.entry(paths[0]).bytes
            let removed = try fixture.prune(limit: ByteCount(each * 3), at: EvidenceFixture.now + 10)
            #expect(removed == Array(paths[..<3]))
            #expect(try fixture.store.paths() == Array(paths[3...]))
        }
    }

    @Test("spares what is on hold and machines that run, whatever the age and the limit")
    func spared() throws {
        try EvidenceFixture.with { fixture in
            let paths = try (0..<4).map { try fixture.start("demo-\($0).0") }
            let hold = Hold(reason: "incident 7", author: "root", since: EvidenceFixture.now)
            try fixture.store.hold(paths[1], hold, before: EvidenceFixture.soon)
            let removed = try fixture.prune(
                limit: ByteCount(0), running: ["demo-2.0"], at: EvidenceFixture.now + 1000 * Self.day)
            #expect(removed == [paths[0], paths[3]])
            #expect(try fixture.store.entry(paths[1]).hold == hold)
            #expect(try fixture.store.damage(of: paths[1]) == [])

            #expect(try fixture.store.release(paths[1], before: EvidenceFixture.soon))
            #expect(try fixture.store.release(paths[1], before: EvidenceFixture.soon) == false)
            #expect(try fixture.prune(at: EvidenceFixture.now + 1000 * Self.day) == [paths[1], paths[2]])
            #expect(try fixture.store.paths() == [])
        }
    }

    @Test("counts nothing on hold: a large hold does not push out other evidence")
    func heldBytes() throws {
        try EvidenceFixture.with { fixture in
            let paths = try (0..<3).map { index in
                try fixture.start("demo-\(index).0", at: EvidenceFixture.now + Int64(index))
            }
            let each = try fixture.store.entry(paths[0]).bytes
            let hold = Hold(reason: "incident 7", author: "root", since: EvidenceFixture.now)
            try fixture.store.hold(paths[2], hold, before: EvidenceFixture.soon)
            try Files.write(
                [UInt8](repeating: 7, count: 1 << 20), to: fixture.store.place(paths[2]) + "/memory.elf")
            #expect(try fixture.prune(limit: ByteCount(each * 2), at: EvidenceFixture.now + 10) == [])
            #expect(try fixture.prune(limit: ByteCount(each), at: EvidenceFixture.now + 10) == [paths[0]])
            #expect(try fixture.store.paths() == Array(paths[1...]))
        }
    }

    @Test("judges what was put on hold or has ended meanwhile the next time")
    func changed() throws {
        try EvidenceFixture.with { fixture in
            let now = EvidenceFixture.now
            let paths = try (0..<3).map { try fixture.start("demo-\($0).0", at: now + -9 * Self.day) }
            let hold = Hold(reason: "incident 7", author: "root", since: now)
            let removed = try fixture.store.prune(
                keep: 7 * Self.day, limit: .mebibytes(1000), now: now, before: EvidenceFixture.soon,
                busy: {
                    try? fixture.store.hold(paths[0], hold, before: EvidenceFixture.soon)
                    try? fixture.end(paths[1], at: now)
                    return []
                })
            #expect(removed == [paths[2]])
            #expect(try fixture.store.paths() == Array(paths[..<2]))
            #expect(try fixture.store.entry(paths[1]).end != nil)
        }
    }

    @Test("keeps an operator's hold over a quarantine's, and ends only the quarantine's with it")
    func twoHolds() throws {
        try EvidenceFixture.with { fixture in
            let (path, now, soon) = (try fixture.start(), EvidenceFixture.now, EvidenceFixture.soon)
            let own = Hold(reason: "incident 7", author: "root", since: now)
            let other = Hold(reason: "a look", author: "root", since: now, quarantine: now)
            func end() throws -> Bool {
                try fixture.store.release(path, ofQuarantine: now, before: soon)
            }
            #expect(try end() == false)
            try fixture.store.hold(path, other, before: soon)
            #expect(try fixture.store.entry(path).hold == other)
            #expect(try end())
            #expect(try fixture.store.isHeld(path) == false)
            for holds in [[own, other], [other, own]] {
                for hold in holds { try fixture.store.hold(path, hold, before: soon) }
                #expect(try fixture.store.entry(path).hold == own)
                #expect(try end() == false)
                #expect(try fixture.store.isHeld(path))
                #expect(try fixture.store.release(path, before: soon))
            }
            // Of another quarantine of the same machine.
            try fixture.store.hold(path, other, before: soon)
            #expect(try fixture.store.release(path, ofQuarantine: now + 1, before: soon) == false)
        }
    }

    @Test("lets no image go while a manifest cannot be read just now")
    func unknownNeeds() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            try fixture.start("demo-2.0", image: "b")
            #expect(try fixture.store.images().count == 2)
            let manifest = fixture.store.place(path) + "/manifest.json"
            try Files.write("{", to: manifest)
            #expect(try fixture.store.images().map(\.digest.description.first) == ["b"])
            try Files.remove(manifest)
            try FileManager.default.createSymbolicLink(atPath: manifest, withDestinationPath: "manifest.json")
            #expect(throws: EvidenceError.self) { try fixture.store.images() }
        }
    }

    @Test("takes what a writer of a hold or an end has left by dying for no damage")
    func diedOver() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            for name in ["hold.json.new", "end.json.new"] {
                try Files.write("{", to: fixture.store.place(path) + "/" + name)
            }
            #expect(try fixture.store.damage(of: path) == [])
            try Files.write("{", to: fixture.store.place(path) + "/other.new")
            #expect(try fixture.store.damage(of: path) == ["other.new"])
        }
    }

    @Test("asks which jobs run when it knows what there is: what begins meanwhile is spared")
    func meanwhile() throws {
        try EvidenceFixture.with { fixture in
            let old = try fixture.start("demo-1.0")
            let removed = try fixture.store.prune(
                keep: 1, limit: ByteCount(0), now: EvidenceFixture.now + Self.day,
                before: EvidenceFixture.soon,
                busy: {
                    _ = try? fixture.start("demo-2.0")
                    return []
                })
            #expect(removed == [old])
            #expect(try fixture.store.paths() == ["\(EvidenceFixture.now.day)/demo-2.0"])
        }
    }

    @Test("spares a hold whose file cannot be read")
    func brokenHold() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            try Files.write("{", to: fixture.store.place(path) + "/hold.json")
            #expect(try fixture.prune(limit: ByteCount(0), at: EvidenceFixture.now + 1000 * Self.day) == [])
        }
    }

    @Test("removes what has no readable record by its day, and what dead writers and removers left")
    func leftovers() throws {
        try EvidenceFixture.with { fixture in
            let broken = fixture.store.place("2027-01-01/demo-1.0")
            try Files.makeDirectories(broken, mode: 0o700)
            try Files.write("{", to: broken + "/manifest.json")
            try Files.makeDirectories(fixture.store.place("2027-01-01/demo-2.0.new"), mode: 0o700)
            try Files.makeDirectories(fixture.store.trash + "/2027-01-01_demo-3.0", mode: 0o700)
            let path = try fixture.start()
            #expect(try fixture.prune(at: EvidenceFixture.now) == ["2027-01-01/demo-1.0"])
            #expect(try Files.names(in: fixture.store.directory) == ["2027-01-15", "lists", "lock"])
            #expect(try fixture.store.paths() == [path])
        }
    }

    @Test("removes what a dead writer has begun at once, and nothing of one that lives")
    func abandoned() throws {
        try EvidenceFixture.with { fixture in
            let path = try fixture.start()
            let day = Files.parent(fixture.store.place(path))
            for name in ["demo-2.0.new", "demo-3.0.new"] {
                try Files.makeDirectory("\(day)/\(name)", mode: 0o700)
                try Files.write("{", to: "\(day)/\(name)/domain.xml")
            }
            let writer = try FileLock.tryAcquire(directory: day + "/demo-3.0.new")
            _ = try fixture.prune(at: EvidenceFixture.now + 1)
            #expect(try Files.names(in: day) == ["demo-3.0.new", "demo-4711.0"])
            withExtendedLifetime(writer) {}
        }
        try EvidenceFixture.with { fixture in
            // The same name is free again.
            let day = fixture.store.place(EvidenceFixture.now.day)
            try Files.makeDirectories(day + "/demo-4711.0.new", mode: 0o700)
            #expect(try fixture.start() == "\(EvidenceFixture.now.day)/demo-4711.0")
            #expect(try Files.names(in: day) == ["demo-4711.0"])
        }
    }

    @Test("lets a signed list go with the last start state that named it, and keeps it until then")
    func lists() throws {
        try EvidenceFixture.with { fixture in
            try fixture.start("demo-1.0", at: EvidenceFixture.now + -30 * Self.day)
            let last = try fixture.start("demo-2.0")
            _ = try fixture.prune(at: EvidenceFixture.now)
            #expect(try fixture.store.damage(of: last) == [])
            #expect(try Files.names(in: fixture.store.directory + "/lists").count == 1)
            _ = try fixture.prune(at: EvidenceFixture.now + 30 * Self.day)
            #expect(try Files.names(in: fixture.store.directory + "/lists").isEmpty)
        }
    }

    @Test("stops at its deadline and goes on the next time")
    func deadline() throws {
        try EvidenceFixture.with { fixture in
            try fixture.start()
            let later = EvidenceFixture.now + 1000 * Self.day
            let removed = try fixture.store.prune(
                keep: 1, limit: ByteCount(0), now: later, before: Deadline(seconds: 0), busy: { [] })
            #expect(removed == [])
            // Which jobs run is not known.
            let blind = try fixture.store.prune(
                keep: 1, limit: ByteCount(0), now: later, before: EvidenceFixture.soon, busy: { nil })
            #expect(blind == [])
            #expect(try fixture.prune(at: later).count == 1)
        }
    }

    @Test("runs beside prologues that write: every start state that was reported is whole")
    func beside() async throws {
        let scratch = NSTemporaryDirectory() + "/bivouac-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let fixture = EvidenceFixture(
            scratch: scratch, store: EvidenceStore(directory: scratch + "/evidence"))
        try fixture.start("demo-0.0")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 1...4 {
                group.addTask {
                    for index in 0..<20 {
                        let path = try fixture.start("demo-\(writer)\(index).0")
                        #expect(try fixture.store.damage(of: path) == [])
                    }
                }
            }
            group.addTask {
                for _ in 0..<20 {
                    // Old enough for nothing but the first.
                    _ = try fixture.prune(running: [], at: EvidenceFixture.now + 60)
                }
            }
            try await group.waitForAll()
        }
        #expect(try fixture.store.list().count == 81)
    }
}

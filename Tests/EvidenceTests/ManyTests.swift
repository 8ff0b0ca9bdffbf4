import Foundation
import Job
import TestSupport
import Testing
import Unix

@testable import Evidence

@Suite("Retention of ten thousand start states") struct ManyTests {
    @Test("keeps the limit, the holds and the running machines, and removes the oldest first")
    func many() throws {
        try EvidenceFixture.with { fixture in
            let count = 10_000
            let path = try fixture.start("demo-1.0")
            let template = try String(
                contentsOfFile: fixture.store.place(path) + "/manifest.json", encoding: .utf8)
            let list = fixture.store.place(path) + "/list.signed"
            var running: Set<String> = []
            var held: Set<String> = []
            var all: [String] = []
            let text = EvidenceFixture.now.description
            // As a prologue leaves them, without its waiting for the disk: one an hour and a half, two years long.
            for index in 0..<count {
                let moment = EvidenceFixture.now + Int64(index - count) * 5400
                let name = "demo-\(index + 10).0"
                let directory = fixture.store.place("\(moment.day)/\(name)")
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true)
                _ = FileManager.default.createFile(
                    atPath: directory + "/manifest.json",
                    contents: Data(template.replacingOccurrences(of: text, with: moment.description).utf8))
                try Files.link(list, to: directory + "/list.signed")
                if index % 100 == 7 {
                    held.insert("\(moment.day)/\(name)")
                    _ = FileManager.default.createFile(
                        atPath: directory + "/hold.json",
                        contents: Data(
                            #"{"reason":"incident","author":"root","since":"2027-01-01T00:00:00Z"}"#.utf8))
                }
                if index % 1000 == 3 { running.insert(name) }
                all.append("\(moment.day)/\(name)")
            }
            let each = try fixture.store.entry(all[0]).bytes
            let limit = ByteCount(each * 1000)
            var announced: [String] = []
            let keys = Set(running.compactMap { MachineName($0)?.key })
            func prune(isDry: Bool) throws -> [String] {
                try fixture.store.prune(
                    keep: 365 * 86_400, limit: limit, isDry: isDry, now: EvidenceFixture.now,
                    before: Deadline(seconds: 300), busy: { keys },
                    announce: {
                        announced.append($0.path)
                        return true
                    })
            }
            let told = try prune(isDry: true)
            #expect(announced == [])
            let removed = try prune(isDry: false)
            #expect(told == removed)
            let entries = try fixture.store.list()
            let left = Set(entries.map(\.path))
            #expect(announced == removed)
            #expect(removed == all.filter(Set(removed).contains))
            #expect(held.isSubset(of: left))
            #expect(running.isSubset(of: left.map { String($0.split(separator: "/")[1]) }))
            #expect(entries.filter { $0.hold == nil }.reduce(0) { $0 + $1.bytes } <= limit.bytes)
            #expect(left.count > 900 && left.count + removed.count == count + 1)
            #expect(entries.filter { $0.hold != nil }.count == held.count)
        }
    }

    @Test("removes nothing that is not announced first")
    func announced() throws {
        try EvidenceFixture.with { fixture in
            let paths = try (0..<4).map { try fixture.start("demo-\($0).0") }
            let removed = try fixture.store.prune(
                keep: 1, limit: ByteCount(0), now: EvidenceFixture.now + 1000 * 86_400,
                before: EvidenceFixture.soon, busy: { [] }, announce: { $0.path == paths[2] })
            #expect(removed == [paths[2]])
            #expect(try fixture.store.paths().count == 3)
        }
    }
}

import JSON
import Job
import TestSupport
import Testing
import Unix

@testable import Audit

@Suite("What the audit log tells of lists, images and endorsers") struct HistoryTests {
    static let old = String(repeating: "0a", count: 64)
    static let new = String(repeating: "0b", count: 64)
    static let image = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0002"

    static func text(_ members: [(String, String)]) -> [JSON.Member] {
        members.map { JSON.Member($0.0, .string($0.1)) }
    }

    static func list(_ outcome: String, version: String) -> AuditEvent {
        AuditEvent(
            .list, text([("list", "demo"), ("outcome", outcome), ("version", version), ("endorser", "eve")]))
    }

    static func change(_ change: String, _ sha512: String, version: String) -> AuditEvent {
        let image = text([
            ("identifier", image), ("change", change), ("version", version), ("sha512", sha512),
        ])
        return AuditEvent(
            .image,
            text([("list", "demo"), ("version", version), ("endorser", "eve")]) + [
                .init("images", .array([.object(image)]))
            ])
    }

    static func job(_ name: AuditEvent.Name, _ job: String, _ sha512: String, _ more: [(String, String)] = [])
        -> AuditEvent
    {
        AuditEvent(
            name,
            text(
                [
                    ("job", job), ("user", "alice"), ("sha512", sha512), ("list", "demo"),
                    ("endorser", "eve"),
                    ("identifier", image),
                ] + more))
    }

    static let story = [
        list("accepted", version: "1"), change("listed", old, version: "1"), job(.start, "t-1", old),
        job(.end, "t-1", old, [("cause", "epilogue")]),
        AuditEvent(
            .start, text([("job", "t-9"), ("user", "bob"), ("sha512", String(repeating: "99", count: 64))])),
        list("accepted", version: "2"), change("changed", new, version: "2"), job(.start, "t-2", new),
        AuditEvent(
            .action,
            text([
                ("action", "image deny"), ("operator", "uid 0"), ("sha512", new), ("list", "demo"),
                ("reason", "hole"),
            ])),
        job(.revocation, "t-2", new, [("refusal", "ImageDenied"), ("message", "hole")]),
        list("accepted", version: "3"), change("withdrawn", new, version: "3"),
    ]

    static func history(
        _ subject: History.Subject, limit: Int = 100, of events: [AuditEvent] = story
    ) throws -> History {
        try withScratch { scratch in
            let log = AuditLog(path: scratch + "/audit.jsonl")
            for (index, event) in events.enumerated() {
                try log.append(event, at: AuditLogTests.now + Int64(index), before: AuditLogTests.soon)
            }
            var history = History(of: subject, limit: limit)
            #expect(try log.read(History.events) { history.take($0) } == 0)
            history.finish()
            return history
        }
    }

    @Test("an image: when it came, who ran it, why it was denied, when it went")
    func image() throws {
        let rows = try Self.history(.image(list: "demo", identifier: Self.image)).rows
        #expect(
            rows.map(\.what) == [
                "listed", "started", "ended", "changed", "started", "image deny", "revoked while it ran",
                "withdrawn",
            ])
        #expect(rows.map(\.version) == ["1", nil, nil, "2", nil, nil, nil, "3"])
        #expect(rows[0].endorser == "eve" && rows[0].time == AuditLogTests.now + 1 && rows[0].sequence == 2)
        #expect(rows[1].user == "alice" && rows[1].job == "t-1")
        #expect(rows[5].reason == "hole" && rows[5].user == "uid 0")
        #expect(rows[6].reason == "ImageDenied: hole")
    }

    @Test("an image whose listing stands in no file any more: still who ran it, and why it was denied")
    func forgotten() throws {
        let events = Self.story.filter { $0.name != .image && $0.name != .list }
        let rows = try Self.history(.image(list: "demo", identifier: Self.image), of: events).rows
        #expect(rows.map(\.what) == ["started", "ended", "started", "image deny", "revoked while it ran"])
        #expect(try Self.history(.image(list: "other", identifier: Self.image), of: events).rows.isEmpty)
    }

    @Test("a digest: only what was done with those very bytes")
    func digest() throws {
        let rows = try Self.history(.digest(Self.old)).rows
        #expect(rows.map(\.what) == ["listed", "started", "ended"])
    }

    @Test("a list: its versions, what they changed, what was denied and revoked, but not every job")
    func list() throws {
        let rows = try Self.history(.list("demo")).rows
        #expect(
            rows.map(\.what) == [
                "list accepted", "listed", "list accepted", "changed", "image deny", "revoked while it ran",
                "list accepted", "withdrawn",
            ])
    }

    @Test("an endorser: lists and revocations in that name")
    func endorser() throws {
        let rows = try Self.history(.endorser("eve")).rows
        #expect(
            rows.map(\.what) == ["list accepted", "list accepted", "revoked while it ran", "list accepted"])
        #expect(try Self.history(.endorser("mallory")).rows.isEmpty)
    }

    @Test(
        "no more rows are kept than are wanted, the last of them, and the others are counted",
        arguments: [1, 3, 7])
    func bounded(_ limit: Int) throws {
        let events = (1...20).map { Self.list("accepted", version: "\($0)") }
        let history = try Self.history(.list("demo"), limit: limit, of: events)
        #expect(history.rows.map(\.version) == (21 - limit...20).map { "\($0)" })
        #expect(history.omitted == 20 - limit)
    }

    @Test("lines that are not intact are counted and say nothing")
    func damaged() throws {
        try withScratch { scratch in
            let log = AuditLog(path: scratch + "/audit.jsonl")
            for version in ["1", "2", "3"] {
                try log.append(
                    Self.list("accepted", version: version), at: AuditLogTests.now, before: AuditLogTests.soon
                )
            }
            let text = String(decoding: try Files.read(log.path, limit: 1 << 20), as: UTF8.self)
            try Files.write(text.replacing("\"version\":\"2\"", with: "\"version\":\"9\""), to: log.path)
            var versions: [String?] = []
            let damaged = try log.read([.list]) { versions.append($0.fields["version"]?.text) }
            #expect(damaged == 1)
            #expect(versions == ["1", "3"])
        }
    }
}

import Audit
import Foundation
import ImageTrust
import JSON
import Job
import ListStore
import Site
import TestSupport
import Testing
import Unix

@testable import ListRefresh

@Suite("Refreshing a list") struct RefreshTests {
    @Test(
        "a good list comes into force, its signed file is kept bit for bit, and the audit log names its images"
    )
    func accepted() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            let text = try site.sign(version: "1", both: true)
            site.publish(text, tag: "v1")
            let result = try site.refresh()
            #expect(result.outcome == .accepted, "\(result.failure ?? "")")
            #expect(result.version == "1" && result.images == 2)
            let stored = try #require(try site.stored)
            let file = ListStore(site.places).signedFile("demo", sha256: stored.sha256)
            #expect(try Files.read(file, limit: 1 << 20) == Array(text.utf8))
            let audit = try site.audit
            #expect(audit.map(\.event) == ["list", "image"])
            #expect(audit[0].fields["outcome"]?.text == "accepted")
            #expect(audit[0].fields["endorser"]?.text == "eve")
            #expect(audit[0].fields["sha256"]?.text == stored.sha256)
            let images = try #require(audit[1].fields["images"]?.elements)
            #expect(images.map { $0["change"]?.text } == ["listed", "listed"])
            #expect(Set(images.compactMap { $0["identifier"]?.text }) == [ListSite.image, ListSite.other])
        }
    }

    @Test("what is in force is read back as it was judged, whole or for one image")
    func readBack() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            let text = try site.sign(version: "1", both: true)
            site.publish(text, tag: "v1")
            try site.refresh()
            let store = ListStore(site.places)
            let rule = try #require(site.site.lists["demo"])
            var judged = try store.judge(Array(text.utf8), for: rule, site: site.site, at: site.start)
            #expect(try store.load("demo") == judged)
            let other = try #require(ImageIdentifier(ListSite.other))
            let one = try #require(try store.load("demo", image: other))
            judged.images.removeAll { $0.entry.identifier != other }
            judged.highest = judged.highest.filter { $0.key == other }
            #expect(judged.images.count == 1 && one == judged)
            let names = try Files.names(in: site.places.listState("demo")).filter { $0.hasSuffix(".images") }
            #expect(names == [judged.sha256 + ".images"])
            try Files.write("i nonsense\n", to: site.places.listState("demo") + "/" + names[0])
            #expect(throws: ListStoreError.self) { try store.load("demo") }
        }
    }

    @Test("a list that has not changed is not sent again, and not told again")
    func unchanged() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            try site.refresh()
            let before = try site.audit.count
            let result = try site.refresh(at: site.start + 60)
            #expect(result.outcome == .unchanged)
            #expect(site.server.requests.map { $0.headers["if-none-match"] } == [nil, "\"v1\""])
            #expect(try site.audit.count == before)
            #expect(try site.stored?.refreshed == site.start + 60)
            #expect(try site.stored?.accepted == site.start)
        }
    }

    @Test("a list whose signed file is gone from this node is sent again")
    func lostFile() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            try site.refresh()
            let file = ListStore(site.places).signedFile("demo", sha256: try #require(try site.stored).sha256)
            try Files.remove(file)
            #expect(try site.refresh().outcome == .unchanged)
            #expect(site.server.requests.map { $0.headers["if-none-match"] } == [nil, nil])
            #expect(Files.exists(file))
        }
    }

    @Test("the audit log tells which images a new version changed and which it took away")
    func changes() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1", both: true), tag: "v1")
            try site.refresh()
            site.publish(try site.sign(version: "2"), tag: "v2")
            #expect(try site.refresh().outcome == .accepted)
            let last = try #require(try site.audit.last { $0.event == "image" })
            let images = last.fields["images"]?.elements ?? []
            #expect(
                images.map { [$0["identifier"]?.text, $0["change"]?.text] }
                    == [[ListSite.image, "changed"], [ListSite.other, "withdrawn"]])
        }
    }

    @Test("whatever a list says of its images, no line of the log is longer than rsyslogd takes")
    func shortLines() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            try site.refresh()
            var list = try #require(try site.stored)
            var image = try #require(list.images.first)
            image.entry.version = ListVersion(String(repeating: "1\u{1}", count: 100))
            list.images = try (0..<300).map { number in
                let identifier = ListSite.image.dropLast(3) + "\(100 + number)"
                image.entry.identifier = try #require(ImageIdentifier(identifier))
                return image
            }
            let log = AuditLog(path: scratch + "/long.jsonl")
            for event in ListRecord.changes(list, after: nil) {
                try log.append(event, at: site.start, before: Deadline(seconds: 60), durably: false)
            }
            let lines = try Files.read(log.path, limit: 1 << 24).split(separator: 0x0A)
            #expect(lines.count > 300 / 40 && lines.allSatisfy { $0.count < 8000 })
            let named = try lines.flatMap {
                try JSON(parsing: Array($0))["fields"]?["images"]?.elements ?? []
            }
            #expect(Set(named.compactMap { $0["identifier"]?.text }).count == 300)
        }
    }

    @Test("a list that an operator lets go back says so in the log, with who it was")
    func consented() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "2"), tag: "v2")
            try site.refresh()
            site.publish(try site.sign(version: "1"), tag: "v1")
            let rule = try #require(site.site.lists["demo"])
            let result = site.refresher().refresh(
                rule, consents: [.rollback], by: "uid 7", before: Deadline(seconds: 20))
            #expect(result.outcome == .accepted && result.version == "1")
            let audit = try site.audit
            let order = try #require(audit.first { $0.event == "operator" })
            let line = try #require(audit.last { $0.event == "list" })
            #expect(order.fields["action"]?.text == "list refresh" && order.fields["list"]?.text == "demo")
            for fields in [order.fields, line.fields] {
                #expect(fields["operator"]?.text == "uid 7")
                #expect(fields["accept"]?.elements?.map(\.text) == ["rollback"])
            }
            #expect(audit.first { $0.event == "list" }?.fields["operator"] == nil)
        }
    }

    @Test("a new list that is refused leaves the old one in force and is told once")
    func refused() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            try site.refresh()
            let state = try Files.read(site.places.listState("demo") + "/state.json", limit: 1 << 20)
            let forged = try site.sign(version: "2").replacing("\"minimal\"", with: "\"maximal\"")
            site.publish(forged, tag: "v2")
            let result = try site.refresh(at: site.start + 60)
            #expect(result.outcome == .refused)
            #expect(result.refusal == .DigestMismatch)
            #expect(result.version == "1")
            #expect(try Files.read(site.places.listState("demo") + "/state.json", limit: 1 << 20) == state)
            // What is refused is fetched as a whole again: its tag is not remembered.
            try site.refresh(at: site.start + 120)
            #expect(site.server.requests.last?.headers["if-none-match"] == "\"v1\"")
            #expect(try site.outcomes == ["accepted", "refused"])
            let line = try #require(try site.audit.last)
            #expect(line.fields["refusal"]?.text == "DigestMismatch")
            #expect(line.fields["inForce"]?.text == "1")
            site.publish(try site.sign(version: "3"), tag: "v3")
            #expect(try site.refresh(at: site.start + 180).outcome == .accepted)
        }
    }

    @Test("a list that goes back to an older version is refused as Rollback")
    func rollback() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "2"), tag: "v2")
            try site.refresh()
            site.publish(try site.sign(version: "1"), tag: "v1")
            #expect(try site.refresh().refusal == .Rollback)
            #expect(try site.stored?.version.description == "2")
        }
    }

    @Test("a server that is away changes nothing until the list's own end, and is told once")
    func unreachable() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1", lifetime: 3600), tag: "v1")
            try site.refresh()
            site.server.answer { _ in [.answer("503 Service Unavailable")] }
            for minute in 1...3 {
                let result = try site.refresh(at: site.start + Int64(minute) * 60)
                #expect(result.outcome == .unreachable)
                #expect(result.version == "1")
            }
            #expect(try site.outcomes == ["accepted", "unreachable"])
            let list = try #require(try site.stored)
            let anchors = TrustAnchors(directory: site.site.anchors)
            func refusal(_ seconds: Int64) -> Refusal.Name? {
                list.standing(
                    anchors: anchors, maximumAge: site.site.maximumListAge, at: site.start + seconds
                )
                .refusal?.name
            }
            #expect(refusal(3599) == nil)
            #expect(refusal(3600) == .StaleList)
            site.publish(try site.sign(version: "1", lifetime: 3600), tag: "v1")
            try site.refresh(at: site.start + 600)
            #expect(try site.outcomes.last == "unchanged")
        }
    }

    @Test("a list past its own end is refused even when the server says that it has not changed")
    func expired() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1", lifetime: 3600), tag: "v1")
            try site.refresh()
            #expect(try site.refresh(at: site.start + 3600).refusal == .ListExpired)
        }
    }

    @Test("a redirection to a file of this node is refused as BadURI, and the file not read")
    func redirectedToFile() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            _ = try site.sign(version: "1")
            site.server.answer { _ in [.answer("302 Found", ["Location: file://\(scratch)/signed"])] }
            let result = try site.refresh()
            #expect(result.outcome == .refused && result.refusal == .BadURI)
            #expect(try site.stored == nil)
        }
    }

    @Test("a list without end is refused as TooLarge")
    func flood() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.server.answer { _ in
                [
                    .send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
                    .flood(String(repeating: "x", count: 1 << 16)),
                ]
            }
            #expect(try site.refresh().refusal == .TooLarge)
        }
    }

    @Test("no list comes into force that the audit log cannot tell of")
    func withoutAudit() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            try FileManager.default.createDirectory(
                atPath: site.places.auditLog, withIntermediateDirectories: true)
            let result = try site.refresh()
            #expect(result.outcome == .unreachable)
            #expect(try #require(result.failure).hasPrefix("no audit line, no list in force"))
            #expect(try site.stored == nil)
        }
    }

    @Test("a list that another process refreshes is left to it")
    func locked() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            guard let lock = try ListStore(site.places).lock("demo", before: Deadline(seconds: 5)) else {
                Issue.record("the lock is held")
                return
            }
            let result = try site.refresh(seconds: 1)
            #expect(result.outcome == .unreachable)
            #expect(try #require(result.failure).contains("another process"))
            #expect(site.server.requests.isEmpty)
            _ = consume lock
        }
    }

    @Test("a revoked endorser's list is refused as CertRevoked")
    func revoked() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            try site.refresh()
            try site.revoke()
            #expect(try site.refresh(at: site.start + 5).refusal == .CertRevoked)
        }
    }
}

@Suite("Refreshing lists from time to time") struct DueTests {
    private static func outcomes(_ results: [Refreshed]) -> [Refreshed.Outcome] { results.map(\.outcome) }

    @Test(
        "a list is due when it was never fetched, and not again before the interval and its jitter are over")
    func interval() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.site.fetch.refresh = 3600
            site.publish(try site.sign(version: "1"), tag: "v1")
            func due(_ seconds: Int64) -> [Refreshed.Outcome] {
                Self.outcomes(
                    site.refresher(at: site.start + seconds).refreshDue(before: Deadline(seconds: 20)))
            }
            #expect(due(0) == [.accepted])
            // The most that chance may add is an eighth.
            #expect(due(3600 + 449) == [])
            #expect(due(3600 + 450) == [.unchanged])
        }
    }

    @Test("a list that failed is tried again sooner, but not at once")
    func retry() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            func due(_ seconds: Int64) -> [Refreshed.Outcome] {
                Self.outcomes(
                    site.refresher(at: site.start + seconds).refreshDue(before: Deadline(seconds: 20)))
            }
            #expect(due(0) == [.unreachable])
            #expect(due(659) == [])
            #expect(due(660) == [.unreachable])
        }
    }

    @Test("a list with another address is due at once")
    func moved() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.publish(try site.sign(version: "1"), tag: "v1")
            #expect(site.refresher().refreshDue(before: Deadline(seconds: 20)).count == 1)
            site.site.lists["demo"]?.uri += "?other"
            #expect(site.refresher().refreshDue(before: Deadline(seconds: 20)).count == 1)
        }
    }

    @Test("lists are begun only while there is time, and those that wait longest come first")
    func slices() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            for name in ["a", "b"] {
                site.site.lists[name] = site.site.lists["demo"]
                site.site.lists[name]?.name = name
            }
            #expect(site.refresher().refreshDue(before: Deadline(seconds: 1)).isEmpty)
            #expect(
                site.refresher().refreshDue(before: Deadline(seconds: 30)).map(\.list) == ["a", "b", "demo"])
        }
    }

    @Test("a server that stalls is given up, and the lists behind it are fetched all the same")
    func stall() throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            let text = try site.sign(version: "1")
            site.site.lists["a"] = site.site.lists["demo"]
            site.site.lists["a"]?.name = "a"
            site.site.lists["a"]?.uri = site.server.uri + "/silent"
            site.server.answer { $0.path == "/silent" ? [.wait(60)] : [.answer("200 OK", [], text)] }
            let results = site.refresher().refreshDue(before: Deadline(seconds: 18))
            #expect(results.map(\.list) == ["a", "demo"])
            #expect(Self.outcomes(results) == [.unreachable, .accepted])
        }
    }
}

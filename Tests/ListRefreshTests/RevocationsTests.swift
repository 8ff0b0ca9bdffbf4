import Audit
import Digest
import Foundation
import ImageTrust
import JSON
import Job
import ListRefresh
import ListStore
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

@Suite("What becomes of a machine that would not start any more") struct RevocationsTests {
    /// A node with a list in force and a job whose machine, as its record says, runs from it.
    static func with(_ revoked: RevokedRule, _ body: (ListSite, JobKey) throws -> Void) throws {
        try withScratch { scratch in
            let site = try ListSite(in: scratch)
            site.site.revoked = revoked
            site.site.libvirt = "test:///default"
            site.publish(try site.sign(version: "1", both: true), tag: "v1")
            #expect(try site.refresh().outcome == .accepted)
            let key = try #require(JobKey("t-7"))
            try run(key, site)
            try body(site, key)
        }
    }

    private static func run(_ key: JobKey, _ site: ListSite) throws {
        let job = Job(
            key: key, attempt: 0,
            account: Account(
                name: "alice", uid: 1000, gid: 1000, groups: [], home: "/home/alice", shell: "/bin/sh"),
            queue: "vm", project: "", nodes: 1,
            resources: Resources(cpus: 1, memory: .mebibytes(512), end: nil), words: [])
        let record = Record(job: job, attempt: 0, now: site.start)
        guard
            var live = try LiveJob.create(record, key: key, places: site.places, before: Deadline(seconds: 5))
        else { throw CocoaError(.fileWriteFileExists) }
        let list = try #require(try site.stored)
        let entry = try #require(list.images.first).entry
        for event in [Event.admit, .prepare, .start, .boot, .ready] {
            try live.advance(event, at: site.start) {
                $0.image = Record.Image(
                    name: "demo/minimal", sha512: entry.sha512.description,
                    identifier: entry.identifier.description,
                    version: "1", list: "demo", listVersion: "1", endorser: "eve", vo: "demo", class: 2)
            }
        }
    }

    static func recheck(_ site: ListSite, after seconds: Int64 = 5) throws -> [Revocations.Outcome] {
        let now = site.start + seconds
        return try Revocations(Ending(site: site.site, places: site.places, clock: { now })).run(
            before: Deadline(seconds: 20))
    }

    static func deny(_ site: ListSite) throws {
        let digest = try #require(try site.stored?.images.first).entry.sha512.description
        site.site.denials = [Denial(file: "deny.d/x.toml", sha512: [digest], reason: "hole")]
    }

    @Test("one that would start again is left alone")
    func good() throws {
        try Self.with(.destroy) { (site, key) throws in
            #expect(try Self.recheck(site).isEmpty)
            #expect(try LiveJob.peek(key, places: site.places)?.revoked == nil)
        }
    }

    @Test("report: the record is marked and the audit log told once, and the job goes on")
    func report() throws {
        try Self.with(.report) { (site, key) throws in
            try Self.deny(site)
            for _ in 1...2 { _ = try Self.recheck(site) }
            let record = try #require(try LiveJob.peek(key, places: site.places))
            #expect(record.revoked?.name == .ImageDenied)
            #expect(record.phase == .running)
            let lines = try site.audit.filter { $0.event == "revocation" }
            #expect(lines.count == 1)
            #expect(lines.first?.fields["refusal"]?.text == "ImageDenied")
            #expect(lines.first?.fields["action"]?.text == "report")
            #expect(lines.first?.fields["job"]?.text == "t-7")
            site.site.denials = []
            #expect(try Self.recheck(site).map(\.refusal) == [nil])
            #expect(try LiveJob.peek(key, places: site.places)?.revoked == nil)
        }
    }

    @Test("destroy: the machine is ended for it, and the audit log says why")
    func destroy() throws {
        try Self.with(.destroy) { (site, key) throws in
            try site.revoke()
            let outcomes = try Self.recheck(site)
            #expect(outcomes.map(\.action) == [.destroy])
            #expect(outcomes.first?.failure == nil)
            #expect(outcomes.first?.refusal?.name == .CertRevoked)
            #expect(try LiveJob.peek(key, places: site.places) == nil)
            #expect(try site.audit.last { $0.event == "revocation" }?.fields["action"]?.text == "destroy")
        }
    }

    @Test("destroy: one that was told before is ended when the site's word changes")
    func changed() throws {
        try Self.with(.report) { (site, key) throws in
            try Self.deny(site)
            _ = try Self.recheck(site)
            site.site.revoked = .destroy
            #expect(try Self.recheck(site).map(\.action) == [.destroy])
            #expect(try LiveJob.peek(key, places: site.places) == nil)
        }
    }

    @Test("destroy: what merely ran out, or cannot be known, ends nothing")
    func uncertain() throws {
        try Self.with(.destroy) { (site, key) throws in
            #expect(try Self.recheck(site, after: 40 * 86_400).map(\.action) == [nil])
            #expect(try LiveJob.peek(key, places: site.places)?.phase == .running)
        }
        try Self.with(.destroy) { (site, key) throws in
            try Files.write("no JSON", to: site.places.listState("demo") + "/state.json")
            #expect(try Self.recheck(site).isEmpty)
            #expect(try LiveJob.peek(key, places: site.places)?.revoked == nil)
        }
    }

    @Test("destroy: an image that its endorser has withdrawn ends it")
    func withdrawn() throws {
        try Self.with(.destroy) { (site, key) throws in
            // The second image takes the place of both.
            let other = try site.sign(version: "2").replacing(ListSite.image, with: ListSite.other)
            site.publish(other, tag: "v2")
            #expect(try site.refresh().outcome == .refused)
            #expect(try Self.recheck(site).isEmpty)
            site.publish(try site.sign(version: "3", onlyOther: true), tag: "v3")
            #expect(try site.refresh().outcome == .accepted)
            #expect(try Self.recheck(site).map(\.refusal?.name) == [.UnknownImage])
            #expect(try LiveJob.peek(key, places: site.places) == nil)
        }
    }

    @Test(
        "notice, quarantine: what cannot be done is told, and tried again at the next look; the finding is told once",
        arguments: [RevokedRule.notice, .quarantine])
    func undone(_ rule: RevokedRule) throws {
        try Self.with(rule) { (site, key) throws in
            try Self.deny(site)
            // libvirt's test driver has no machine of that name, and nobody listens on its ports.
            for _ in 1...2 {
                let outcomes = try Self.recheck(site)
                #expect(outcomes.map(\.refusal?.name) == [.ImageDenied])
                #expect(outcomes.map(\.action) == [nil])
                #expect(outcomes.first?.failure != nil)
            }
            let record = try #require(try LiveJob.peek(key, places: site.places))
            #expect(record.revokedAction == nil)
            #expect(record.phase == (rule == .notice ? .running : .paused))
            let lines = try site.audit.filter { $0.event == "revocation" }
            #expect(lines.map { $0.fields["action"]?.text } == [rule.rawValue])
        }
    }

    @Test("one that somebody is at work on is left to him")
    func busy() throws {
        try Self.with(.destroy) { (site, key) throws in
            try Self.deny(site)
            guard let live = try LiveJob.open(key, places: site.places, before: Deadline(seconds: 5)) else {
                Issue.record("the job has no record")
                return
            }
            #expect(try Self.recheck(site).isEmpty)
            _ = consume live
        }
    }
}

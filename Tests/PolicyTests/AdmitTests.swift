import Digest
import Foundation
import ImageTrust
import Job
import Policy
import Site
import Testing

@Suite("Admission") struct AdmitTests {
    var fixture: Fixture

    init() throws { fixture = try Fixture() }

    private func admit(_ fixture: Fixture) throws -> Admission {
        try Policy.admit(fixture.job, site: fixture.site, lists: fixture.lists, at: fixture.now)
    }

    private func expect(
        _ name: Refusal.Name, _ fixture: Fixture, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let refusal = #expect(throws: Refusal.self, sourceLocation: sourceLocation) {
            try admit(fixture)
        }
        if let refusal { #expect(refusal.name == name, "\(refusal)", sourceLocation: sourceLocation) }
    }

    @Test("a job that names no image gets its queue's, with all that evidence needs")
    func admitted() throws {
        let admission = try admit(fixture)
        #expect(admission.image == ImageName("demo/minimal"))
        #expect(admission.digest.description == Fixture.digest)
        #expect(admission.size == .mebibytes(4))
        #expect(admission.format == "qcow2")
        #expect(admission.imageClass == 2)
        #expect(admission.list.version == ListVersion("1.0"))
        #expect(admission.endorser.name == "eve")
        #expect(admission.endorser.vo == "demo")
        #expect(admission.queue == "vm")
        #expect(admission.job == "demo-4711")
        let data = try JSONEncoder().encode(admission)
        #expect(String(decoding: data, as: UTF8.self).contains(Fixture.digest))
    }

    @Test(
        "an image is named by alias or by UUID, in any case",
        arguments: [
            "image=demo/minimal", "image=demo/\(Fixture.image)", "image=demo/\(Fixture.image.uppercased())",
        ])
    func named(word: String) throws {
        var fixture = fixture
        fixture.changeQueue { $0.image = nil }
        fixture.job.words = ["free", "text", word, word]
        #expect(try admit(fixture).digest.description == Fixture.digest)
    }

    @Test("a job that names none where the queue has none is NoImageNamed")
    func noImage() {
        var fixture = fixture
        fixture.changeQueue { $0.image = nil }
        fixture.job.words = ["images=demo/minimal", "minimal"]
        expect(.NoImageNamed, fixture)
    }

    @Test("two different images are AmbiguousImage")
    func ambiguous() {
        var fixture = fixture
        fixture.job.words = ["image=demo/minimal", "image=demo/other"]
        expect(.AmbiguousImage, fixture)
    }

    @Test(
        "a name that cannot be read is BadImageName",
        arguments: [
            "image=", "image=minimal", "image=demo/", "image=/minimal", "image=demo/../x", "image=demo/a b",
            "image=demo/minimal/x", "image=../../etc/passwd", "image=demo/$(id)", "image=démo/minimal",
        ])
    func badName(word: String) {
        var fixture = fixture
        fixture.job.words = [word]
        expect(.BadImageName, fixture)
    }

    @Test(
        "an unknown list, alias or UUID is UnknownImage",
        arguments: [
            "image=other/minimal", "image=demo/other", "image=demo/77777777-2222-3333-4444-555555555555",
        ])
    func unknown(word: String) {
        var fixture = fixture
        fixture.changeQueue { $0.allow += ["other/*"] }
        fixture.job.words = [word]
        expect(.UnknownImage, fixture)
    }

    @Test("an image that the newest list has no more is UnknownImage")
    func absent() throws {
        var fixture = fixture
        fixture.store(try Fixture.stored(images: []))
        expect(.UnknownImage, fixture)
    }

    @Test("a list whose file is broken is told by its fault")
    func brokenFile() throws {
        var fixture = fixture
        fixture.site.lists = [:]
        fixture.site.faults = [
            SiteFault(file: "/etc/bivouac/lists.d/demo.toml", line: 3, column: 7, message: "unknown key")
        ]
        let refusal = #expect(throws: Refusal.self) { try admit(fixture) }
        #expect(refusal?.message.contains("lists.d/demo.toml:3:7: unknown key") == true)
    }

    @Test("an image that the queue does not allow is QueueNotAllowed, under whichever name it is asked for")
    func queueNotAllowed() throws {
        var fixture = fixture
        fixture.changeQueue { $0.allow = ["demo/other", "other/*"] }
        expect(.QueueNotAllowed, fixture)
        fixture.job.words = ["image=demo/\(Fixture.image)"]
        expect(.QueueNotAllowed, fixture)
        fixture.changeQueue { $0.allow = ["demo/minimal"] }
        #expect(throws: Never.self) { try admit(fixture) }
        fixture.job.queue = "normal"
        expect(.QueueNotAllowed, fixture)
    }

    @Test("an image of a class that the queue does not take is ClassNotAllowed")
    func classNotAllowed() {
        var fixture = fixture
        fixture.changeRule { $0.imageClass = 3 }
        expect(.ClassNotAllowed, fixture)
    }

    @Test("users, groups and accounts of the queue and of the list must all be met, or it is UserNotAllowed")
    func users() throws {
        let changes: [(inout Queue) -> Void] = [
            { $0.users = ["bob"] }, { $0.groups = ["biology"] }, { $0.accounts = ["cms"] },
            {
                $0.users = ["alice"]; $0.accounts = ["cms"]
            },
        ]
        for change in changes {
            var fixture = fixture
            fixture.changeQueue(change)
            expect(.UserNotAllowed, fixture)
        }
        let rules: [(inout ListRule) -> Void] = [
            { $0.users = ["bob"] }, { $0.groups = ["biology"] }, { $0.accounts = ["cms"] },
        ]
        for change in rules {
            var fixture = fixture
            fixture.changeRule(change)
            expect(.UserNotAllowed, fixture)
        }
        var fixture = fixture
        fixture.changeQueue {
            $0.users = ["bob", "alice"]; $0.groups = ["physics"]; $0.accounts = ["atlas"]
        }
        fixture.changeRule {
            $0.users = ["alice"]; $0.groups = ["alice"]
        }
        #expect(throws: Never.self) { try admit(fixture) }
    }

    @Test("a job of root is RootJob, one of several nodes MultiNode")
    func rootAndNodes() {
        var fixture = fixture
        fixture.job.nodes = 2
        expect(.MultiNode, fixture)
        fixture.job.account.uid = 0
        expect(.RootJob, fixture)
    }

    @Test(
        "an image is denied by digest, identifier, list, endorser or VO, with reason and file: ImageDenied",
        arguments: [
            Denial(file: "/etc/bivouac/deny.d/a.toml", sha512: [Fixture.digest], reason: "kernel hole"),
            Denial(file: "/etc/bivouac/deny.d/a.toml", identifiers: [Fixture.image], reason: "kernel hole"),
            Denial(file: "/etc/bivouac/deny.d/a.toml", identifiers: [Fixture.list], reason: "kernel hole"),
            Denial(file: "/etc/bivouac/deny.d/a.toml", endorsers: ["eve"], reason: "kernel hole"),
            Denial(file: "/etc/bivouac/deny.d/a.toml", vos: ["demo"], reason: "kernel hole"),
            Denial(file: "/etc/bivouac/deny.d/a.toml", reason: "kernel hole", everything: true),
        ])
    func denied(denial: Denial) {
        var fixture = fixture
        fixture.site.denials = [denial]
        let refusal = #expect(throws: Refusal.self) { try admit(fixture) }
        #expect(refusal?.name == .ImageDenied)
        #expect(refusal?.message.contains("kernel hole") == true)
        #expect(refusal?.message.contains("a.toml") == true)
    }

    @Test("a denial of something else denies nothing")
    func notDenied() {
        var fixture = fixture
        fixture.site.denials = [
            Denial(
                file: "a", sha512: [String(repeating: "0", count: 128)], identifiers: [Fixture.otherList],
                endorsers: ["frank"], vos: ["atlas"], reason: "no")
        ]
        #expect(throws: Never.self) { try admit(fixture) }
    }

    @Test("an image past its own expiry is ImageExpired, from that very second")
    func imageExpired() throws {
        var fixture = fixture
        fixture.store(
            try Fixture.stored(images: [
                StoredList.Image(entry: Fixture.entry(expires: "2026-06-15T12:00:01Z"))
            ]))
        #expect(throws: Never.self) { try admit(fixture) }
        fixture.now = fixture.now + 1
        expect(.ImageExpired, fixture)
    }

    @Test("a list that does not stand any more is refused by its own name")
    func standing() throws {
        var fixture = fixture
        fixture.store(try Fixture.stored(), refusal: Refusal(.CertRevoked, "revoked"))
        expect(.CertRevoked, fixture)
    }

    @Test("a list past its expiry or the site's maximum age is StaleList, whenever it was checked before")
    func stale() {
        var fixture = fixture
        fixture.now = Fixture.moment("2026-07-08T08:00:00Z")
        expect(.StaleList, fixture)
        fixture.now = Fixture.moment("2026-06-15T12:00:00Z")
        fixture.site.maximumListAge = 86_400
        expect(.StaleList, fixture)
    }

    @Test("a list that was never accepted is ImageUnavailable and says what to do")
    func noList() {
        var fixture = fixture
        fixture.lists = [:]
        expect(.ImageUnavailable, fixture)
    }

    @Test("a list whose endorser was removed from the site is EndorserNotAuthorised at the next job")
    func endorserRemoved() {
        var removed = fixture
        removed.site.endorsers["eve"] = nil
        expect(.EndorserNotAuthorised, removed)
        var other = fixture
        other.changeRule { $0.endorsers = ["frank"] }
        expect(.EndorserNotAuthorised, other)
        var elsewhere = fixture
        elsewhere.site.endorsers["eve"]?.ca = "/DC=org/CN=Other CA"
        expect(.EndorserNotAuthorised, elsewhere)
    }

    @Test("a subscription that now means another list does not admit images of the old one")
    func otherIdentifier() {
        var fixture = fixture
        fixture.changeRule { $0.identifier = Fixture.otherList }
        expect(.ListIdentifierMismatch, fixture)
    }

    @Test("a list over SHA-1 is WeakDigest as soon as the site does not allow it any more")
    func sha1() throws {
        var fixture = fixture
        fixture.store(try Fixture.stored(digest: .sha1))
        expect(.WeakDigest, fixture)
        fixture.changeRule { $0.sha1 = true }
        #expect(throws: Never.self) { try admit(fixture) }
    }

    @Test("an image that is refused on its own is refused by that name")
    func imageRefused() throws {
        var fixture = fixture
        let refusal = Refusal(.ImageRollback, "went back")
        fixture.store(
            try Fixture.stored(images: [StoredList.Image(entry: Fixture.entry(), refusal: refusal)]))
        expect(.ImageRollback, fixture)
        var stored = try Fixture.stored(images: [])
        stored.refused = [
            ListedImage.Refused(
                position: 0, identifier: ImageIdentifier(Fixture.image), title: nil,
                refusal: Refusal(.BadSize, "none"))
        ]
        fixture.store(stored)
        expect(.BadSize, fixture)
    }

    @Test("a new image is NewImageRefused until the site names it, which counts at the next job")
    func newImage() throws {
        var fixture = fixture
        let refusal = Refusal(.NewImageRefused, "new")
        fixture.store(
            try Fixture.stored(images: [StoredList.Image(entry: Fixture.entry(), refusal: refusal)]))
        fixture.changeRule {
            $0.newImages = .refuse; $0.images = [:]
        }
        fixture.job.words = ["image=demo/\(Fixture.image)"]
        expect(.NewImageRefused, fixture)
        fixture.changeRule { $0.images = ["new": Fixture.image] }
        #expect(throws: Never.self) { try admit(fixture) }
        fixture.changeRule {
            $0.newImages = .accept; $0.images = [:]
        }
        #expect(throws: Never.self) { try admit(fixture) }
    }

    @Test("a threshold of two wants a list of another endorser that names the same SHA-512")
    func threshold() throws {
        var fixture = fixture
        fixture.changeRule { $0.threshold = 2 }
        fixture.site.lists["second"] = ListRule(
            name: "second", uri: "https://other.example.org/list", identifier: Fixture.otherList,
            endorsers: ["frank", "eve"], imageClass: 2)
        expect(.ThresholdNotMet, fixture)

        func second(
            _ endorser: String = "frank", _ dn: String = "/DC=org/CN=Frank",
            sha512: String = Fixture.digest, expires: String? = nil
        ) throws -> StoredList {
            try Fixture.stored(
                "second", identifier: Fixture.otherList, endorser: endorser, dn: dn,
                images: [
                    StoredList.Image(
                        entry: Fixture.entry(
                            "77777777-2222-3333-4444-555555555555", sha512: sha512, expires: expires))
                ])
        }
        var met = fixture
        met.store(try second())
        #expect(try admit(met).seconds == ["eve", "frank"])
        #expect(try Request(met.job, met.site).lists == ["demo", "second"])

        // The same endorser twice, another digest, a list that does not stand, a denied or expired image.
        var same = fixture
        same.store(try second("eve", "/DC=org/CN=Eve"))
        expect(.ThresholdNotMet, same)
        var other = fixture
        other.store(try second(sha512: String(repeating: "00", count: 64)))
        expect(.ThresholdNotMet, other)
        var revoked = fixture
        revoked.store(try second(), refusal: Refusal(.CertRevoked, "revoked"))
        expect(.ThresholdNotMet, revoked)
        var denied = met
        denied.site.denials = [Denial(file: "a", endorsers: ["frank"], reason: "no")]
        expect(.ThresholdNotMet, denied)
        var expired = fixture
        expired.store(try second(expires: "2026-06-15T12:00:00Z"))
        expect(.ThresholdNotMet, expired)
        var unsubscribed = met
        unsubscribed.site.lists["second"] = nil
        expect(.ThresholdNotMet, unsubscribed)
    }

    @Test("where a list names enough endorsers for its threshold, only those count")
    func namedEndorsers() throws {
        var fixture = fixture
        fixture.site.endorsers["grace"] = EndorserRule(
            name: "grace", dn: "/DC=org/CN=Grace", ca: Fixture.ca, vo: "demo")
        fixture.site.lists["second"] = ListRule(
            name: "second", uri: "https://other.example.org/list", identifier: Fixture.otherList,
            endorsers: ["frank"], imageClass: 2)
        fixture.store(
            try Fixture.stored(
                "second", identifier: Fixture.otherList, endorser: "frank", dn: "/DC=org/CN=Frank"))
        fixture.changeRule {
            $0.threshold = 2; $0.endorsers = ["eve", "grace"]
        }
        expect(.ThresholdNotMet, fixture)
        fixture.changeRule { $0.endorsers = ["eve", "frank"] }
        #expect(throws: Never.self) { try admit(fixture) }
    }

    @Test("without a threshold only the image's own list is needed")
    func listsNeeded() throws {
        #expect(try Request(fixture.job, fixture.site).lists == ["demo"])
    }

    @Test("an endorser of the site whose name cannot be read counts for nothing and is told")
    func unreadableEndorser() throws {
        var fixture = fixture
        fixture.site.endorsers["eve"]?.dn = "/CN=Eve/XX=y"
        let refusal = #expect(throws: Refusal.self) { try admit(fixture) }
        #expect(refusal?.name == .EndorserNotAuthorised)
        #expect(refusal?.message.contains("endorser eve") == true)
    }
}

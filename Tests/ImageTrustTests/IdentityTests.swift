import ImageTrust
import JSON
import Job
import Testing

@Suite("Identity and subscription") struct IdentityTests {
    let grid: Grid

    init() throws { grid = try Grid.shared.get() }

    @Test(
        "41: a list that names another endorser than its signer is refused as EndorserMismatch",
        arguments: [
            "/DC=org/DC=example/OU=People/CN=Alice Endorser", "/DC=org/DC=example/OU=People/CN=Eve",
            "/DC=org/DC=example/OU=People/CN=Eve Endorser/CN=proxy", "/DC=org/DC=example/CN=Eve Endorser", "",
            "/DC=org/DC=example/OU=People/CN=eve endorser", "CN=Eve Endorser,OU=People,DC=example,DC=org",
        ])
    func otherName(dn: String) {
        expectRefusal(.EndorserMismatch) {
            try verify(ListDocument().with(endorser: ["hv:dn": .string(dn)]))
        }
    }

    @Test("42: a list that names another authority than its signer's is refused as EndorserMismatch")
    func otherAuthority() {
        expectRefusal(.EndorserMismatch) {
            try verify(ListDocument().with(endorser: ["hv:ca": "/DC=org/DC=example/CN=Other CA"]))
        }
    }

    @Test("43: a good signer who is not an endorser of the list is refused as EndorserNotAuthorised")
    func notAuthorised() throws {
        let alice = try Grid.endorser("alice", "/DC=org/DC=example/OU=People/CN=Alice")
        let elsewhere = try Grid.endorser("eve", Grid.eve, "/DC=org/DC=example/CN=Other CA")
        for endorsers in [[], [alice], [alice, elsewhere]] {
            expectRefusal(.EndorserNotAuthorised) { try verify(grid.signed, endorsers: endorsers) }
        }
        #expect(throws: Never.self) { try verify(grid.signed, endorsers: [alice, Grid.endorser()]) }
    }

    @Test("44: a value that holds '/CN=' does not imitate another name: EndorserMismatch")
    func imitation() throws {
        let mallory = try grid.pki.issue(
            "/DC=org/DC=example/OU=People\\/CN=Eve Endorser", under: grid.root)
        let bytes = try grid.pki.sign(ListDocument().text, by: mallory)
        expectRefusal(.EndorserMismatch) { try verify(bytes) }
        let escaped = ListDocument().with(
            endorser: ["hv:dn": "/DC=org/DC=example/OU=People\\/CN=Eve Endorser"])
        let honest = try grid.pki.sign(escaped.text, by: mallory)
        expectRefusal(.EndorserNotAuthorised) { try verify(honest) }
    }

    @Test("45: an array of endorsers is accepted when exactly one is the signer, else AmbiguousEndorser")
    func severalEndorsers() throws {
        let eve = ListDocument.object([("hv:x509", ListDocument.object(ListDocument().endorser))])
        let other = ListDocument.object([
            (
                "hv:x509",
                ListDocument.object(ListDocument().with(endorser: ["hv:dn": "/CN=Other"]).endorser)
            )
        ])
        func document(_ endorsers: [JSON]) -> ListDocument {
            var document = ListDocument()
            document.endorserValue = .array(endorsers)
            return document
        }
        #expect(throws: Never.self) { try verify(document([other, eve])) }
        #expect(throws: Never.self) { try verify(document([eve])) }
        expectRefusal(.AmbiguousEndorser) { try verify(document([eve, eve])) }
        expectRefusal(.AmbiguousEndorser) { try verify(document([other, other])) }
        expectRefusal(.AmbiguousEndorser) { try verify(document([])) }
    }

    @Test("46: a list with another identifier than the subscription's is refused as ListIdentifierMismatch")
    func otherIdentifier() {
        expectRefusal(.ListIdentifierMismatch) {
            try verify(grid.signed, identifier: ListDocument.imageIdentifier)
        }
        #expect(throws: Never.self) {
            try verify(grid.signed, identifier: ListDocument.identifier.uppercased())
        }
    }

    @Test("47: a list that moved to another host is refused as ListMoved until its uri is configured")
    func moved() throws {
        let site = Lists()
        let first = try site.accept(ListDocument())
        for uri in ["https://evil.example.net/demo.list", "http://images.example.org/demo.list"] {
            let document = ListDocument().with(list: ["hv:version": "2", "hv:uri": .string(uri)])
            expectRefusal(.ListMoved) { try site.accept(document, after: first) }
            var moved = site
            moved.subscription.uri = uri
            #expect(throws: Never.self) { try moved.accept(document, after: first) }
            #expect(throws: Never.self) { try site.accept(document, after: first, consents: [.moved]) }
        }
        let sameHost = ListDocument().with(
            list: ["hv:version": "2", "hv:uri": "https://images.example.org/new/demo.list"])
        #expect(throws: Never.self) { try site.accept(sameHost, after: first) }
    }

    @Test("48: an image of another list is refused as ImageIdConflict, and stays the first one's")
    func ownedByAnother() throws {
        let site = Lists()
        let first = try site.accept(ListDocument())
        var second = site
        second.subscription.name = "other"
        second.subscription.identifier = "11111111-2222-3333-4444-555555555555"
        let document = ListDocument().with(
            list: ["dc:identifier": "11111111-2222-3333-4444-555555555555"])
        let stolen = try second.accept(document, owners: [first].owners)
        #expect(stolen.images.map(\.refusal?.name) == [.ImageIdConflict])
        #expect([first, stolen].owners == [try identifier(): "demo"])
        // The owner keeps it when it comes again.
        let again = try site.accept(
            ListDocument().with(list: ["hv:version": "2"]), after: first, owners: [first, stolen].owners)
        #expect(again.images.map(\.refusal) == [nil])
    }

    @Test("49: an image that is new in a later version is refused as NewImageRefused where the site says so")
    func newImage() throws {
        var site = Lists()
        let new = "77777777-2222-3333-4444-555555555555"
        let first = try site.accept(ListDocument())
        var document = ListDocument().with(list: ["hv:version": "2"])
        document.images.append(ListDocument.image(new))
        #expect(try site.accept(document, after: first).images.map(\.refusal) == [nil, nil])
        site.subscription.refusesNewImages = true
        let second = try site.accept(document, after: first)
        #expect(second.images.map(\.refusal?.name) == [nil, .NewImageRefused])
        // It stays refused, until the site names it.
        document = document.with(list: ["hv:version": "3"])
        #expect(
            try site.accept(document, after: second).images.map(\.refusal?.name) == [nil, .NewImageRefused])
        site.subscription.named = [new]
        #expect(try site.accept(document, after: second).images.map(\.refusal) == [nil, nil])
    }

    @Test("the first list brings all its images, also where new ones are refused")
    func firstList() throws {
        var site = Lists()
        site.subscription.refusesNewImages = true
        #expect(try site.accept(ListDocument()).images.map(\.refusal) == [nil])
    }

    @Test("a list of which nobody is named who may sign it is not stored")
    func noEndorser() throws {
        let list = try VerifiedList.verify(grid.signed, anchors: grid.anchors, at: Grid.now)
        expectRefusal(.EndorserNotAuthorised) {
            try StoredList.accepting(list, after: nil, for: Lists().subscription, at: Grid.now)
        }
    }

    private func identifier() throws -> ImageIdentifier {
        try #require(ImageIdentifier(ListDocument.imageIdentifier))
    }
}

/// A site that accepts lists of Eve, one after the other.
struct Lists {
    var subscription = Subscription(
        name: "demo", identifier: ListDocument.identifier, uri: "https://images.example.org/demo.list")

    func accept(
        _ document: ListDocument, after previous: StoredList? = nil, owners: [ImageIdentifier: String] = [:],
        consents: Set<Subscription.Consent> = [], at now: Timestamp = Grid.now
    ) throws -> StoredList {
        let grid = try Grid.shared.get()
        let bytes = try grid.pki.sign(document.text, by: grid.eve)
        let verified = try verify(bytes, identifier: subscription.identifier, at: now)
        return try StoredList.accepting(
            verified, after: previous, for: subscription, owners: owners, consents: consents, at: now)
    }
}

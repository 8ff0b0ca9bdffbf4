import Digest
import Job
import Policy
import Site
import Testing

@testable import ImageTrust

@Suite("An image that runs") struct RevocationTests {
    static func running(sha512: String = Fixture.digest, endorser: String = "eve", vo: String = "demo") throws
        -> RunningImage
    {
        RunningImage(
            name: try #require(ImageName("demo/minimal")), sha512: sha512, identifier: Fixture.image,
            endorser: endorser, vo: vo)
    }

    static func revocation(
        _ fixture: Fixture, _ running: RunningImage? = nil, list: StoredList? = nil, signer: Refusal? = nil,
        at now: String? = nil
    ) throws -> Revocation? {
        try (running ?? self.running()).revocation(
            site: fixture.site, list: list ?? Fixture.stored(), signer: signer,
            at: now.map { Fixture.moment($0) } ?? fixture.now)
    }

    @Test("that would be admitted again is left alone")
    func good() throws {
        #expect(try Self.revocation(Fixture()) == nil)
    }

    @Test("is not revoked because its list has a newer version of it")
    func newer() throws {
        #expect(
            try Self.revocation(Fixture(), Self.running(sha512: String(repeating: "77", count: 64))) == nil)
    }

    @Test("is found by every word that can deny it, those of its start included", arguments: 0..<5)
    func denied(_ index: Int) throws {
        var fixture = try Fixture()
        let old = String(repeating: "77", count: 64)
        fixture.site.denials = [
            [
                Denial(file: "f", sha512: [old], reason: "hole"),
                Denial(file: "f", identifiers: [Fixture.image], reason: "hole"),
                Denial(file: "f", identifiers: [Fixture.list], reason: "hole"),
                Denial(file: "f", endorsers: ["former"], reason: "hole"),
                Denial(file: "f", vos: ["demo"], reason: "hole"),
            ][index]
        ]
        let found = try Self.revocation(fixture, Self.running(sha512: old, endorser: "former"))
        #expect(found?.refusal.name == .ImageDenied)
        #expect(found?.refusal.message.contains("hole") == true)
        #expect(found?.isCertain == true)
    }

    @Test("is not ended because a file of deny.d cannot be read; one that can be read ends it all the same")
    func everything() throws {
        var fixture = try Fixture()
        let fault = Denial(file: "a", reason: "not TOML", everything: true)
        fixture.site.denials = [fault]
        #expect(try Self.revocation(fixture)?.refusal.name == .ImageDenied)
        #expect(try Self.revocation(fixture)?.isCertain == false)
        fixture.site.denials = [fault, Denial(file: "b", sha512: [Fixture.digest], reason: "hole")]
        #expect(try Self.revocation(fixture)?.isCertain == true)
    }

    @Test(
        "whose endorser's certificate or authority is revoked is certainly revoked",
        arguments: [
            Refusal.Name.CertRevoked, .IssuerRevoked,
        ])
    func certificate(_ name: Refusal.Name) throws {
        let found = try Self.revocation(Fixture(), signer: Refusal(name, "by the CRL"))
        #expect(found?.refusal.name == name)
        #expect(found?.isCertain == true)
    }

    @Test(
        "whose revocation list is missing or past its end is told, and goes on",
        arguments: [
            Refusal.Name.CRLMissing, .CRLExpired, .CertExpired,
        ])
    func unknown(_ name: Refusal.Name) throws {
        #expect(try Self.revocation(Fixture(), signer: Refusal(name, "no CRL"))?.isCertain == false)
    }

    @Test("of a list that is stale is told as StaleList, and goes on")
    func stale() throws {
        let found = try Self.revocation(Fixture(), at: "2026-07-08T08:00:00Z")
        #expect(found?.refusal.name == .StaleList)
        #expect(found?.isCertain == false)
    }

    @Test("that its list does not have any more is revoked as UnknownImage")
    func withdrawn() throws {
        let found = try Self.revocation(Fixture(), list: Fixture.stored(images: []))
        #expect(found?.refusal.name == .UnknownImage)
        #expect(found?.isCertain == true)
    }

    @Test("whose endorser may not sign the list any more is revoked, unless a broken file may be the cause")
    func endorser() throws {
        var fixture = try Fixture()
        fixture.changeRule { $0.endorsers = ["frank"] }
        #expect(try Self.revocation(fixture)?.refusal.name == .EndorserNotAuthorised)
        #expect(try Self.revocation(fixture)?.isCertain == true)
        fixture.site.faults = [SiteFault(file: "endorsers.d/eve.toml", message: "not TOML")]
        #expect(try Self.revocation(fixture)?.isCertain == false)
    }

    @Test("of a list that the site has dropped is revoked as UnknownImage")
    func dropped() throws {
        var fixture = try Fixture()
        fixture.site.lists = [:]
        #expect(try Self.revocation(fixture)?.refusal.name == .UnknownImage)
    }
}

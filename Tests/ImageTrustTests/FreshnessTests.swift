import Foundation
import ImageTrust
import JSON
import Job
import Testing

@Suite("Freshness") struct FreshnessTests {
    let grid: Grid
    let site = Lists()

    init() throws { grid = try Grid.shared.get() }

    @Test("50: a list past its expiry is refused as ListExpired, from that very second")
    func expired() throws {
        #expect(throws: Never.self) {
            try verify(grid.signed, anchors: longAnchors(), at: moment("2026-07-08T07:59:59Z"))
        }
        expectRefusal(.ListExpired) {
            try verify(grid.signed, anchors: longAnchors(), at: moment("2026-07-08T08:00:00Z"))
        }
    }

    @Test("51: a list that was created in the future is refused as ListNotYetValid")
    func future() throws {
        #expect(throws: Never.self) { try verify(grid.signed, at: moment("2026-06-10T08:00:00Z")) }
        expectRefusal(.ListNotYetValid) { try verify(grid.signed, at: moment("2026-06-10T07:59:59Z")) }
    }

    @Test("52: a list that expires before it was created is refused as InvalidValidity")
    func inverted() {
        for expires: JSON in ["2026-06-01T08:00:00Z", "2026-06-10T08:00:00Z"] {
            expectRefusal(.InvalidValidity) {
                try verify(ListDocument().with(list: ["dc:date:expires": expires]))
            }
        }
    }

    @Test("53: a lower version is refused as Rollback, by numbers and not by letters")
    func rollback() throws {
        let first = try site.accept(ListDocument().with(list: ["hv:version": "1.0.10"]))
        for version: JSON in ["1.0.9", "0.9", "1", "1.0", ""] {
            expectRefusal(.Rollback) {
                try site.accept(ListDocument().with(list: ["hv:version": version]), after: first)
            }
        }
        for version: JSON in ["1.0.11", "1.1", "2", "1.0.10.0"] {
            #expect(throws: Never.self) {
                try site.accept(ListDocument().with(list: ["hv:version": version]), after: first)
            }
        }
        #expect(throws: Never.self) {
            try site.accept(
                ListDocument().with(list: ["hv:version": "1.0.9"]), after: first, consents: [.rollback])
        }
    }

    @Test("54: the same version with other content is refused as VersionReplay")
    func replay() throws {
        let first = try site.accept(ListDocument())
        expectRefusal(.VersionReplay) {
            try site.accept(ListDocument().with(list: ["dc:title": "Other images"]), after: first)
        }
        expectRefusal(.VersionReplay) {
            try site.accept(
                ListDocument().with(list: ["hv:version": "01.0.0", "dc:title": "Other"]), after: first)
        }
    }

    @Test("the same list again, signed again or with other line ends, is the same version")
    func same() throws {
        let first = try site.accept(ListDocument(), at: moment("2026-06-14T00:00:00Z"))
        let second = try site.accept(ListDocument(), after: first)
        #expect(second.accepted == first.accepted)
        #expect(second.refreshed == Grid.now)
        #expect(second.contentSHA256 == first.contentSHA256)
    }

    @Test("55: a higher version that was created earlier is refused as RollbackSuspected")
    func suspected() throws {
        let first = try site.accept(ListDocument())
        expectRefusal(.RollbackSuspected) {
            try site.accept(
                ListDocument().with(
                    list: ["hv:version": "2", "dc:date:created": "2026-06-10T07:59:59Z"]), after: first)
        }
    }

    @Test("56: an image whose version goes back is refused as ImageRollback, and the list is not")
    func imageRollback() throws {
        let high = try site.accept(ListDocument().with(image: ["hv:version": "0.0.10"]))
        let lower = ListDocument().with(list: ["hv:version": "2"], image: ["hv:version": "0.0.9"])
        let second = try site.accept(lower, after: high)
        #expect(second.images.map(\.refusal?.name) == [.ImageRollback])
        // What was seen once is not forgotten, also not when the image was away for a while.
        var empty = ListDocument().with(list: ["hv:version": "3"])
        empty.images = []
        let third = try site.accept(empty, after: second)
        let fourth = try site.accept(lower.with(list: ["hv:version": "4"]), after: third)
        #expect(fourth.images.map(\.refusal?.name) == [.ImageRollback])
    }

    @Test("57: an absurd jump of the version is accepted with the warning FastForward")
    func fastForward() throws {
        let first = try site.accept(ListDocument())
        func warnings(_ version: String) throws -> [Warning.Name] {
            try site.accept(ListDocument().with(list: ["hv:version": .string(version)]), after: first)
                .warnings.map(\.name)
        }
        #expect(try warnings("999999999") == [.FastForward])
        #expect(try warnings("1.999999999.0") == [.FastForward])
        #expect(try warnings("2") == [])
        #expect(try warnings("1.0.900") == [])
    }

    @Test("58: a stored list past its expiry is StaleList, though nobody could say anything newer")
    func stale() throws {
        let stored = try site.accept(ListDocument())
        let anchors = try longAnchors()
        let age: Int64 = 365 * 86_400
        #expect(throws: Never.self) {
            try stored.recheck(anchors: anchors, maximumAge: age, at: moment("2026-07-08T07:59:59Z"))
        }
        expectRefusal(.StaleList) {
            try stored.recheck(anchors: anchors, maximumAge: age, at: moment("2026-07-08T08:00:00Z"))
        }
    }

    @Test("59: once the endorser is revoked, the stored list does not stand any more")
    func revokedLater() throws {
        let eve = try grid.pki.issue(Grid.eve, under: grid.root)
        let verified = try verify(grid.pki.sign(ListDocument().text, by: eve))
        let stored = try StoredList.accepting(
            verified, after: nil, for: site.subscription, at: Grid.now)
        func standing(_ anchors: TrustAnchors, at now: Timestamp = Grid.now) -> Refusal.Name? {
            stored.standing(anchors: anchors, maximumAge: 35 * 86_400, at: now).refusal?.name
        }
        #expect(standing(grid.anchors) == nil)
        let list = try grid.pki.makeRevocationList(of: grid.root, revoking: [eve.certificate])
        #expect(standing(try grid.anchors(revocationList: list)) == .CertRevoked)
        #expect(standing(try grid.anchors(revocationList: nil)) == .CRLMissing)
        #expect(standing(grid.anchors, at: moment("2026-07-01T00:00:01Z")) == .CRLExpired)
    }

    @Test("60: a list that says it holds until 2499 is StaleList after the site's maximum age")
    func endless() throws {
        let document = ListDocument().with(list: ["dc:date:expires": "2499-12-31T22:00:00Z"])
        let bytes = try grid.pki.sign(document.text, by: grid.eve)
        let anchors = try longAnchors()
        let end = moment("2026-06-10T08:00:00Z") + 35 * 86_400
        #expect(throws: Never.self) { try verify(bytes, anchors: anchors, at: end) }
        expectRefusal(.StaleList) { try verify(bytes, anchors: anchors, at: end + 1) }
        let stored = try site.accept(document)
        expectRefusal(.StaleList) {
            try stored.recheck(anchors: anchors, maximumAge: 35 * 86_400, at: end + 1)
        }
    }

    @Test("an image that changes and keeps its version is the warning ImageReplaced")
    func replaced() throws {
        let first = try site.accept(ListDocument())
        var document = ListDocument().with(list: ["hv:version": "2"])
        document.images = [ListDocument.image(sha512: String(repeating: "6b", count: 64))]
        #expect(try site.accept(document, after: first).warnings.map(\.name) == [.ImageReplaced])
    }

    @Test("the state of a subscription that now means another list is no predecessor")
    func otherList() throws {
        let first = try site.accept(ListDocument().with(list: ["hv:version": "9"]))
        var changed = site
        changed.subscription.identifier = "11111111-2222-3333-4444-555555555555"
        let document = ListDocument().with(
            list: ["dc:identifier": "11111111-2222-3333-4444-555555555555"])
        #expect(throws: Never.self) { try changed.accept(document, after: first) }
    }

    @Test("a stored list reads back from its record as it was")
    func record() throws {
        var document = ListDocument()
        document.images.append(ListDocument.changed(ListDocument.image(), ["hv:size": "none"]))
        document.images.append(ListDocument.image("77777777-2222-3333-4444-555555555555"))
        let stored = try site.accept(document)
        let data = try JSONEncoder().encode(stored)
        #expect(try JSONDecoder().decode(StoredList.self, from: data) == stored)
    }

    /// The authority's anchors with a revocation list that outlives the lists.
    private func longAnchors() throws -> TrustAnchors {
        try grid.anchors(
            revocationList: grid.pki.makeRevocationList(of: grid.root, to: "20261231000000Z"))
    }
}

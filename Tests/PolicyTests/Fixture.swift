import Digest
import Job
import Site
import Testing

@testable import ImageTrust

/// A site with one queue, one list and one endorser, and a job of an ordinary user.
struct Fixture {
    static let image = "0b6e5a11-92d4-4f0c-a8a7-3c2c3f9d7e10"
    static let list = "9c0a2f34-1b7e-4c39-8f3a-5a0d7c1e2b44"
    static let otherList = "11111111-2222-3333-4444-555555555555"
    static let digest = String(repeating: "5a", count: 64)
    static let ca = "/DC=org/DC=example/CN=Example Grid CA"

    var site: Site
    var job: Job
    var lists: [String: ListStanding]
    var now = Fixture.moment("2026-06-15T12:00:00Z")

    init() throws {
        site = Site(
            cluster: "demo",
            queues: [
                "vm": Queue(name: "vm", image: ImageName("demo/minimal"), allow: ["demo/*"])
            ],
            endorsers: [
                "eve": EndorserRule(name: "eve", dn: "/DC=org/CN=Eve", ca: Self.ca, vo: "demo"),
                "frank": EndorserRule(name: "frank", dn: "/DC=org/CN=Frank", ca: Self.ca, vo: "demo"),
            ],
            lists: [
                "demo": ListRule(
                    name: "demo", uri: "https://images.example.org/demo.list", identifier: Self.list,
                    endorsers: ["eve"], imageClass: 2, images: ["minimal": Self.image])
            ])
        job = Job(
            key: try #require(JobKey("demo-4711")), attempt: 0,
            account: Account(
                name: "alice", uid: 1000, gid: 1000,
                groups: [Account.Group(name: "alice", gid: 1000), Account.Group(name: "physics", gid: 2000)],
                home: "/home/alice", shell: "/bin/sh"),
            queue: "vm", project: "atlas", nodes: 1,
            resources: Resources(cpus: 1, memory: .mebibytes(512), end: nil), words: [])
        lists = ["demo": ListStanding(list: try Self.stored(), refusal: nil)]
    }

    static func moment(_ text: String) -> Timestamp {
        guard let moment = Timestamp(text) else { fatalError("'\(text)' is no moment") }
        return moment
    }

    static func entry(
        _ identifier: String = image, sha512: String = digest, expires: String? = nil
    ) throws -> ImageEntry {
        ImageEntry(
            identifier: try #require(ImageIdentifier(identifier)), title: "minimal",
            version: ListVersion("1.0"), uri: try #require(ListURI("https://images.example.org/a.qcow2")),
            size: .mebibytes(4), sha512: try #require(ImageDigest(sha512)), format: "qcow2",
            expires: expires.map { moment($0) })
    }

    static func stored(
        _ name: String = "demo", identifier: String = list, endorser: String = "eve",
        dn: String = "/DC=org/CN=Eve", ca: String = ca, digest: DigestAlgorithm = .sha256,
        images: [StoredList.Image]? = nil
    ) throws -> StoredList {
        StoredList(
            name: name, identifier: try #require(ImageIdentifier(identifier)), title: "Demo images",
            version: ListVersion("1.0"), uri: try #require(ListURI("https://images.example.org/demo.list")),
            created: moment("2026-06-10T08:00:00Z"), expires: moment("2026-07-08T08:00:00Z"),
            sha256: String(repeating: "ab", count: 32), contentSHA256: String(repeating: "cd", count: 32),
            signer: StoredList.Signer(
                endorser: endorser, dn: try #require(DistinguishedName(dn)),
                ca: try #require(DistinguishedName(ca)), vo: "demo", certificate: DERBytes([]),
                serial: "01", notAfter: moment("2027-01-01T00:00:00Z"), digest: digest),
            images: try images ?? [StoredList.Image(entry: entry())],
            accepted: moment("2026-06-11T08:00:00Z"), refreshed: moment("2026-06-15T08:00:00Z"))
    }

    mutating func changeQueue(_ change: (inout Queue) -> Void) {
        guard var queue = site.queues["vm"] else { return }
        change(&queue)
        site.queues["vm"] = queue
    }

    mutating func changeRule(_ change: (inout ListRule) -> Void) {
        guard var rule = site.lists["demo"] else { return }
        change(&rule)
        site.lists["demo"] = rule
    }

    /// The stored list in place of the good one.
    mutating func store(_ list: StoredList, refusal: Refusal? = nil) {
        lists[list.name] = ListStanding(list: list, refusal: refusal)
    }
}

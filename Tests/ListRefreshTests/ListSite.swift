import Foundation
import ImageTrust
import JSON
import Job
import ListRefresh
import ListStore
import Site
import TestSupport
import Unix

/// A site below a scratch root that subscribes to one list, an authority of its own, and the server that has the
/// list; made with the examples' own scripts.
final class ListSite {
    static let identifier = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0001"
    static let image = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0002"
    static let other = "5a5e1e5c-8a52-4c0f-9d6c-7d0d6a1f0003"

    let root: String
    let places: Places
    let server: LoopbackServer
    /// The moment that the tests begin at: a minute ahead, when all that they make is good already.
    let start: Timestamp
    var site: Site
    private let authority: String

    private static let examples =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/examples/endorser/"

    init(in scratch: String) throws {
        root = scratch
        places = Places(root: scratch)
        authority = scratch + "/ca"
        server = try LoopbackServer { _ in [.answer("404 Not Found")] }
        start = Timestamp(seconds: Int64(Date().timeIntervalSince1970) + 60)
        site = Site(
            cluster: "t", anchors: scratch + "/anchors",
            endorsers: [
                "eve": EndorserRule(
                    name: "eve", dn: "/DC=org/DC=example/OU=People/CN=Eve Endorser",
                    ca: "/DC=org/DC=example/CN=Example Grid CA", vo: "demo")
            ],
            lists: [
                "demo": ListRule(
                    name: "demo", uri: server.uri + "/demo.list", identifier: Self.identifier,
                    endorsers: ["eve"],
                    imageClass: 2, images: ["minimal": Self.image])
            ])
        try Self.script("ca", ["create", authority])
        try Self.script("ca", ["issue", authority, "eve", "Eve Endorser"])
        try Self.script("ca", ["anchors", authority, scratch + "/anchors"])
        for name in ["minimal", "other"] {
            try Data(name.utf8).write(to: URL(fileURLWithPath: "\(scratch)/\(name).qcow2"))
        }
    }

    deinit { server.stop() }

    private static func script(_ name: String, _ arguments: [String]) throws {
        let made = try run(examples + name, arguments)
        guard made.status == 0 else { throw CocoaError(.fileWriteUnknown, userInfo: [name: made.errors]) }
    }

    /// Revokes the endorser's certificate on this node's disk.
    func revoke() throws {
        try Self.script("ca", ["revoke", authority, "eve"])
        try Self.script("ca", ["anchors", authority, root + "/anchors"])
    }

    /// A signed list; the second image stands in it too when `both`.
    func sign(
        version: String, both: Bool = false, onlyOther: Bool = false, lifetime: Int64 = 28 * 86_400
    ) throws -> String {
        var arguments = [
            "--key", authority + "/eve.key", "--cert", authority + "/eve.pem", "--identifier",
            Self.identifier,
            "--uri", server.uri + "/demo.list", "--output", root + "/signed", "--version", version,
            "--image-version", version, "--created", (start + -1).description,
            "--expires", (start + lifetime).description,
        ]
        if !onlyOther { arguments += ["--image", Self.image, root + "/minimal.qcow2", "minimal"] }
        if both || onlyOther { arguments += ["--image", Self.other, root + "/other.qcow2", "other"] }
        try Self.script("sign-list", arguments)
        return try String(contentsOfFile: root + "/signed", encoding: .utf8)
    }

    /// The server gives this text, and knows it by an entity tag.
    func publish(_ text: String, tag: String) {
        server.answer { request in
            request.headers["if-none-match"] == "\"\(tag)\""
                ? [.answer("304 Not Modified", ["ETag: \"\(tag)\""])]
                : [.answer("200 OK", ["ETag: \"\(tag)\""], text)]
        }
    }

    func refresher(at now: Timestamp? = nil) -> ListRefresher {
        let now = now ?? start
        return ListRefresher(site: site, places: places, clock: { now }, random: { $0 })
    }

    @discardableResult
    func refresh(at now: Timestamp? = nil, seconds: Int = 20) throws -> Refreshed {
        guard let rule = site.lists["demo"] else { throw CocoaError(.keyValueValidation) }
        return refresher(at: now).refresh(rule, before: Deadline(seconds: seconds))
    }

    /// The list in force.
    var stored: StoredList? { get throws { try ListStore(places).load("demo") } }

    /// What the audit log says: event and fields.
    var audit: [(event: String, fields: JSON)] {
        get throws {
            guard Files.exists(places.auditLog) else { return [] }
            return try Files.read(places.auditLog, limit: 1 << 24).split(separator: 0x0A).map {
                let line = try JSON(parsing: Array($0))
                return (line["event"]?.text ?? "", line["fields"] ?? .null)
            }
        }
    }

    /// The outcomes of the list that the audit log has.
    var outcomes: [String] {
        get throws { try audit.filter { $0.event == "list" }.map { $0.fields["outcome"]?.text ?? "" } }
    }
}

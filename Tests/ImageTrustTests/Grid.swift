import Foundation
import ImageTrust
import Job
import Testing

/// The authority, the endorser and the anchors that most tests share; made once, removed at the end.
struct Grid: Sendable {
    static let authority = "/DC=org/DC=example/CN=Example Grid CA"
    static let eve = "/DC=org/DC=example/OU=People/CN=Eve Endorser"
    static let now = moment("2026-06-15T12:00:00Z")

    let pki: PKI
    let root: PKI.Authority
    let eve: PKI.Credential
    let anchors: TrustAnchors
    /// The good list, signed.
    let signed: [UInt8]

    static let shared = Result { try Grid() }

    private init() throws {
        pki = try PKI()
        // A value that lives as long as the process has no deinit.
        let directory = pki.directory
        Self.leftover.withLock { $0.append(directory) }
        atexit { Grid.leftover.withLock { $0.forEach { try? FileManager.default.removeItem(atPath: $0) } } }
        root = try pki.makeAuthority(Grid.authority)
        eve = try pki.issue(Grid.eve, under: root, key: "rsa:2048")
        let list = try pki.makeRevocationList(of: root)
        anchors = TrustAnchors(directory: try pki.makeAnchors([PKI.Anchor(root, list)]))
        signed = try pki.sign(ListDocument().text, by: eve)
    }

    private static let leftover = Locked<[String]>([])

    static func endorser(
        _ name: String = "eve", _ dn: String = eve, _ ca: String = authority, vo: String = "demo"
    ) throws -> Endorser {
        try Endorser(name: name, dn: dn, ca: ca, vo: vo)
    }

    /// Anchors with other files for the one authority.
    func anchors(revocationList: String?, policies: [String: String]? = nil) throws -> TrustAnchors {
        TrustAnchors(
            directory: try pki.makeAnchors([PKI.Anchor(root, revocationList, policies: policies)]))
    }
}

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
    private var value: Value
    private let lock = NSLock()

    init(_ value: Value) { self.value = value }

    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(&value) }
    }
}

func moment(_ text: String) -> Timestamp {
    guard let moment = Timestamp(text) else { fatalError("'\(text)' is no moment") }
    return moment
}

/// Verifies a list as the site of the tests would.
func verify(
    _ bytes: [UInt8], anchors: TrustAnchors? = nil, endorsers: [Endorser]? = nil,
    identifier: String = ListDocument.identifier, maximumAge: Int64? = 35 * 86_400,
    allowing policy: DigestPolicy = .sha2, limit: Int = SignedMessage.usualLimit, at now: Timestamp = Grid.now
) throws -> VerifiedList {
    let grid = try Grid.shared.get()
    let endorsers = try endorsers ?? [Grid.endorser()]
    return try VerifiedList.verify(
        bytes, anchors: anchors ?? grid.anchors, endorsers: endorsers, identifier: identifier,
        maximumAge: maximumAge, allowing: policy, limit: limit, at: now)
}

/// Signs a document as Eve and verifies it.
func verify(_ document: ListDocument, at now: Timestamp = Grid.now) throws -> VerifiedList {
    let grid = try Grid.shared.get()
    return try verify(grid.pki.sign(document.text, by: grid.eve), at: now)
}

/// Expects a refusal by this name and returns it.
@discardableResult
func expectRefusal(
    _ name: Refusal.Name, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> some Any
) -> Refusal? {
    let refusal = #expect(throws: Refusal.self, sourceLocation: sourceLocation) { _ = try body() }
    if let refusal {
        #expect(refusal.name == name, "\(refusal)", sourceLocation: sourceLocation)
    }
    return refusal
}

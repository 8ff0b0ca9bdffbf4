import Foundation
import Site
import Unix

/// A signed image list that a test publishes and the site subscribes to.
struct TestList: Sendable {
    /// All that the queue `vmlists` allows.
    static let names = [
        "mute", "expired", "oldimage", "denied", "threshold", "missing", "forged", "longer", "revoked",
        "stranger",
        "changed", "people", "late", "dropped", "revocable", "harm", "guests", "ahead",
        "nebula", "listener",
    ]

    let name: String
    /// Identifier of the list and of its only image, whose alias is `image`.
    let identifier = UUID().uuidString.lowercased()
    let image = UUID().uuidString.lowercased()

    var file: String { "\(Cluster.directory)/image/\(name).qcow2" }
    var published: String { "\(Cluster.directory)/endorser/\(name).list" }
    private var authority: String { "\(Cluster.directory)/endorser/ca" }

    init(_ name: String) { self.name = name }

    /// A file that stands for an image which never boots.
    func makeFile(_ bytes: Int = 65_536) throws {
        try Files.write([UInt8](repeating: 0x2A, count: bytes), to: file, mode: 0o644)
    }

    /// Signs the list anew, by the certificate of that name; it names its image, or another one.
    func sign(by endorser: String = "eve", naming other: String? = nil, _ options: [String] = []) async throws
    {
        let words =
            [
                "\(Cluster.sourceTree)/examples/endorser/sign-list", "--key", "\(authority)/\(endorser).key",
                "--cert",
                "\(authority)/\(endorser).pem", "--identifier", identifier, "--uri", "file://\(published)",
                "--image",
                other ?? image, file, "A test image", "--output", published,
            ] + options
        try await Command.require(words)
    }

    /// Issues a certificate and lets the site know its owner as an endorser.
    func issue(_ endorser: String, _ commonName: String, authorised: Bool = true) async throws {
        let certificate = "\(authority)/\(endorser).pem"
        try await Command.require(
            ["\(Cluster.sourceTree)/examples/endorser/ca", "issue", authority, endorser, commonName])
        guard authorised else { return }
        func name(_ field: String) async throws -> String {
            let line = try await Command.require(
                ["/usr/bin/openssl", "x509", "-in", certificate, "-noout", "-\(field)", "-nameopt", "compat"]
            ).line
            return String(line.drop { $0 != "/" })
        }
        let text =
            "dn = \"\(try await name("subject"))\"\nca = \"\(try await name("issuer"))\"\nvo = \"test\"\n"
        try Files.write(text, to: "\(Cluster.places.endorsers)/\(endorser).toml", mode: 0o644)
    }

    /// Revokes a certificate; the list of revocations is in the anchors when this returns.
    func revoke(_ endorser: String) async throws {
        let tool = "\(Cluster.sourceTree)/examples/endorser/ca"
        try await Command.require([tool, "revoke", authority, endorser])
        try await Command.require(
            [tool, "anchors", authority, "\(Cluster.directory)/etc/grid-security/certificates"])
    }

    /// Subscribes the site; `more` are further lines of the file.
    func subscribe(endorsers: [String] = ["eve"], imageClass: Int = 2, _ more: String = "") throws {
        let text = """
            uri = "file://\(published)"
            identifier = "\(identifier)"
            endorsers = [\(endorsers.map { "\"\($0)\"" }.joined(separator: ", "))]
            class = \(imageClass)
            \(more)
            [images]
            image = "\(image)"

            """
        try Files.write(text, to: "\(Cluster.places.lists)/\(name).toml", mode: 0o644)
    }

    func refresh() async throws -> Outcome { try await Cluster.bivouac("list", "refresh", name) }

    /// Signs, subscribes and refreshes, all of which must succeed.
    func publish(_ options: [String] = [], _ more: String = "") async throws {
        try await sign(options)
        try subscribe(more)
        let outcome = try await refresh()
        guard outcome.succeeded else {
            throw CommandFailure(words: ["list refresh", name], outcome: outcome)
        }
    }

    private func sign(_ options: [String]) async throws { try await sign(by: "eve", options) }
    private func subscribe(_ more: String) throws { try subscribe(endorsers: ["eve"], more) }

    /// The job's word that asks for the image.
    var option: String { "--comment=image=\(name)/image" }
}

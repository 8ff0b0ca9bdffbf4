import Foundation
import Unix

/// Certificate authorities, certificates and signatures made with the `openssl` program, in a directory of
/// their own that is removed with the value.
final class PKI: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Credential: Sendable {
        let certificate: String
        let key: String
    }

    /// An authority and the directory of its records.
    struct Authority: Sendable {
        let subject: String
        let directory: String
        var credential: Credential {
            Credential(certificate: directory + "/ca.pem", key: directory + "/ca.key")
        }
        var configuration: String { directory + "/ca.cnf" }
    }

    let directory: String
    /// `openssl ca` has one writer at a time.
    private let lock = NSRecursiveLock()
    private var count = 0

    init() throws {
        directory = NSTemporaryDirectory() + "bivouac-test-pki-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// A path that nothing has yet.
    func path(_ name: String) -> String {
        lock.withLock {
            count += 1
            return "\(directory)/\(count)-\(name)"
        }
    }

    @discardableResult
    func openssl(_ arguments: String...) throws -> String { try openssl(arguments) }

    @discardableResult
    func openssl(_ arguments: [String]) throws -> String {
        let result = try Child.run(
            "/usr/bin/openssl", arguments, environment: ["HOME=\(directory)", "RANDFILE=/dev/null"],
            seconds: 60)
        guard result.succeeded else {
            throw Failure(
                description: "openssl \(arguments.joined(separator: " ")): "
                    + String(decoding: result.errors, as: UTF8.self))
        }
        return String(decoding: result.output, as: UTF8.self)
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    // MARK: Keys and certificates

    private func makeKey(_ kind: String, at path: String) throws {
        switch kind {
        case "rsa-pss":
            try openssl(
                "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
        case let kind where kind.hasPrefix("rsa:"):
            try openssl(
                "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:\(kind.dropFirst(4))", "-out",
                path)
        case "ed25519": try openssl("genpkey", "-algorithm", "ED25519", "-out", path)
        default:
            try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:\(kind)", "-out", path)
        }
    }

    static let authorityExtensions = """
        basicConstraints = critical,CA:TRUE
        keyUsage = critical,keyCertSign,cRLSign
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid
        """

    static let endorserExtensions = """
        basicConstraints = critical,CA:FALSE
        keyUsage = critical,digitalSignature,nonRepudiation
        extendedKeyUsage = emailProtection,clientAuth
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid
        """

    /// An authority: a root, or below `issuer`.
    func makeAuthority(
        _ subject: String, under issuer: Authority? = nil, key: String = "P-256",
        from start: String = "20260101000000Z", to end: String = "20991231000000Z"
    ) throws -> Authority {
        let home = path("ca")
        try FileManager.default.createDirectory(atPath: home + "/new", withIntermediateDirectories: true)
        let authority = Authority(subject: subject, directory: home)
        try write("", to: home + "/index.txt")
        try write("01\n", to: home + "/crlnumber")
        try write(
            """
            [ca]
            default_ca = x
            [x]
            database = \(home)/index.txt
            new_certs_dir = \(home)/new
            crlnumber = \(home)/crlnumber
            rand_serial = yes
            unique_subject = no
            default_md = sha256
            default_days = 365
            default_crl_days = 30
            crl_extensions = crl
            policy = any
            [any]
            commonName = optional
            [crl]
            authorityKeyIdentifier = keyid
            [req]
            distinguished_name = dn
            [dn]
            """, to: authority.configuration)
        try makeKey(key, at: authority.credential.key)
        try sign(
            subject, key: authority.credential.key, to: authority.credential.certificate,
            under: issuer ?? authority, isSelfSigned: issuer == nil, extensions: Self.authorityExtensions,
            from: start, to: end)
        return authority
    }

    /// A certificate and its key.
    func issue(
        _ subject: String, under issuer: Authority, key: String = "P-256",
        extensions: String = endorserExtensions, from start: String = "20260101000000Z",
        to end: String = "20270101000000Z", options: [String] = []
    ) throws -> Credential {
        let credential = Credential(certificate: path("cert.pem"), key: path("key.pem"))
        try makeKey(key, at: credential.key)
        try sign(
            subject, key: credential.key, to: credential.certificate, under: issuer, extensions: extensions,
            from: start, to: end, options: options)
        return credential
    }

    /// A certificate for a key that is there.
    func certify(_ subject: String, key: String, under issuer: Authority) throws -> Credential {
        let credential = Credential(certificate: path("cert.pem"), key: key)
        try sign(
            subject, key: key, to: credential.certificate, under: issuer,
            extensions: Self.endorserExtensions, from: "20260101000000Z", to: "20270101000000Z")
        return credential
    }

    private func sign(
        _ subject: String, key: String, to certificate: String, under issuer: Authority,
        isSelfSigned: Bool = false, extensions: String, from start: String, to end: String,
        options: [String] = []
    ) throws {
        let request = path("request.pem")
        let section = path("extensions.cnf")
        try write("[x]\n" + extensions + "\n", to: section)
        try openssl(
            "req", "-new", "-utf8", "-config", issuer.configuration, "-key", key, "-subj", subject, "-out",
            request)
        var arguments = [
            "ca", "-batch", "-notext", "-preserveDN", "-config", issuer.configuration, "-keyfile",
            issuer.credential.key,
            "-extfile", section, "-extensions", "x", "-in", request, "-out", certificate,
            "-startdate", start, "-enddate", end,
        ]
        arguments += isSelfSigned ? ["-selfsign"] : ["-cert", issuer.credential.certificate]
        try lock.withLock { _ = try openssl(arguments + options) }
    }

    // MARK: Revocation lists

    /// The revocation list of an authority, in PEM; `signer` stands for whoever really signs it.
    func makeRevocationList(
        of authority: Authority, revoking certificates: [String] = [], from start: String = "20260601000000Z",
        to end: String = "20260701000000Z", signer: Credential? = nil
    ) throws -> String {
        try lock.withLock {
            let signer = signer ?? authority.credential
            let base = [
                "ca", "-config", authority.configuration, "-keyfile", signer.key, "-cert", signer.certificate,
            ]
            for certificate in certificates {
                try openssl(base + ["-revoke", certificate, "-crl_reason", "keyCompromise"])
            }
            let list = path("crl.pem")
            try openssl(base + ["-gencrl", "-crl_lastupdate", start, "-crl_nextupdate", end, "-out", list])
            return list
        }
    }

    // MARK: Trust anchors

    /// What one authority has in a directory of trust anchors.
    struct Anchor {
        var authority: Authority
        var revocationList: String?
        /// Suffix and text of its policy files.
        var policies: [String: String]

        init(_ authority: Authority, _ revocationList: String?, policies: [String: String]? = nil) {
            self.authority = authority
            self.revocationList = revocationList
            self.policies =
                policies
                ?? ["signing_policy": PKI.signingPolicy(of: authority.subject, "/DC=org/DC=example/*")]
        }
    }

    static func signingPolicy(of authority: String, _ patterns: String...) -> String {
        """
        # EACL of \(authority)
        access_id_CA      X509         '\(authority)'
        pos_rights        globus        CA:sign
        cond_subjects     globus     '\(patterns.map { "\"\($0)\"" }.joined(separator: " "))'

        """
    }

    func hash(of certificate: String, option: String = "-subject_hash") throws -> String {
        try openssl("x509", "-in", certificate, "-noout", option)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A directory as grid sites have it.
    func makeAnchors(_ anchors: [Anchor]) throws -> String {
        let home = path("anchors")
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        for anchor in anchors {
            let certificate = anchor.authority.credential.certificate
            let hash = try hash(of: certificate)
            try FileManager.default.copyItem(atPath: certificate, toPath: "\(home)/\(hash).0")
            if let list = anchor.revocationList {
                try FileManager.default.copyItem(atPath: list, toPath: "\(home)/\(hash).r0")
            }
            for (suffix, text) in anchor.policies { try write(text, to: "\(home)/\(hash).\(suffix)") }
        }
        return home
    }

    // MARK: Signing

    /// A text signed as the recipe says, `openssl smime -sign`, or with another command and options.
    func sign(
        _ content: String, by credential: Credential, digest: String = "sha256",
        command: String = "smime", options: [String] = []
    ) throws -> [UInt8] {
        let source = path("list.json")
        let target = path("list.signed")
        try write(content, to: source)
        try openssl(
            [
                command, "-sign", "-md", digest, "-in", source, "-signer", credential.certificate, "-inkey",
                credential.key, "-out", target,
            ] + options)
        return try read(target)
    }
}

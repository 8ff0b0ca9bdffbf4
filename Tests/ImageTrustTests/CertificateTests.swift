import Foundation
import ImageTrust
import JSON
import Job
import Testing

@Suite("Certificates and authorities") struct CertificateTests {
    let grid: Grid
    let pki: PKI

    init() throws {
        grid = try Grid.shared.get()
        pki = grid.pki
    }

    /// The good list signed by somebody with Eve's name, or another.
    private func signed(
        by credential: PKI.Credential, as subject: String = Grid.eve, of authority: String = Grid.authority
    ) throws -> [UInt8] {
        let document = ListDocument().with(
            endorser: ["hv:dn": .string(subject), "hv:ca": .string(authority)])
        return try pki.sign(document.text, by: credential)
    }

    private func goodList() throws -> String { try pki.makeRevocationList(of: grid.root) }

    @Test("22: a self-signed signer with the right name is refused as UntrustedIssuer")
    func selfSigned() throws {
        let impostor = try pki.makeAuthority(Grid.eve)
        let bytes = try signed(by: impostor.credential)
        expectRefusal(.UntrustedIssuer) { try verify(bytes) }
    }

    @Test("23: a signer of an authority with the right name and another key is refused as UntrustedIssuer")
    func impostorAuthority() throws {
        let impostor = try pki.makeAuthority(Grid.authority)
        let withIdentifier = try pki.issue(Grid.eve, under: impostor)
        let without = try pki.issue(
            Grid.eve, under: impostor,
            extensions: "basicConstraints = critical,CA:FALSE\nkeyUsage = critical,digitalSignature")
        for credential in [withIdentifier, without] {
            let bytes = try signed(by: credential)
            expectRefusal(.UntrustedIssuer) { try verify(bytes) }
        }
    }

    @Test("a signer of an authority that nobody knows is refused as UntrustedIssuer")
    func stranger() throws {
        let stranger = try pki.makeAuthority("/DC=net/DC=evil/CN=Evil CA")
        let bytes = try signed(
            by: pki.issue("/DC=net/DC=evil/CN=Eve", under: stranger), as: "/DC=net/DC=evil/CN=Eve",
            of: stranger.subject)
        expectRefusal(.UntrustedIssuer) { try verify(bytes) }
        let sent = try pki.sign(
            ListDocument().text, by: pki.issue("/DC=net/DC=evil/CN=Eve", under: stranger),
            options: ["-certfile", stranger.credential.certificate])
        expectRefusal(.UntrustedIssuer) { try verify(sent) }
    }

    @Test(
        "24, 25: a certificate is accepted from its first second and refused from its end, as OpenSSL reads both"
    )
    func validity() throws {
        let eve = try pki.issue(
            Grid.eve, under: grid.root, from: "20260610120000Z", to: "20260620120000Z")
        let bytes = try signed(by: eve)
        #expect(throws: Never.self) { try verify(bytes, at: moment("2026-06-10T12:00:00Z")) }
        #expect(throws: Never.self) { try verify(bytes, at: moment("2026-06-20T11:59:59Z")) }
        expectRefusal(.CertExpired) { try verify(bytes, at: moment("2026-06-20T12:00:00Z")) }
        expectRefusal(.CertNotYetValid) { try verify(bytes, at: moment("2026-06-10T11:59:59Z")) }
    }

    @Test("26: a revoked signer is refused as CertRevoked")
    func revoked() throws {
        let eve = try pki.issue(Grid.eve, under: grid.root)
        let bytes = try signed(by: eve)
        #expect(throws: Never.self) { try verify(bytes) }
        let list = try pki.makeRevocationList(of: grid.root, revoking: [eve.certificate])
        let anchors = try grid.anchors(revocationList: list)
        expectRefusal(.CertRevoked) { try verify(bytes, anchors: anchors) }
    }

    @Test("27: without a revocation list the signer is refused as CRLMissing")
    func noList() throws {
        let anchors = try grid.anchors(revocationList: nil)
        expectRefusal(.CRLMissing) { try verify(grid.signed, anchors: anchors) }
    }

    @Test("28, 29: a revocation list past its next update is CRLExpired, one from the future CRLNotYetValid")
    func listValidity() throws {
        let anchors = try grid.anchors(
            revocationList: pki.makeRevocationList(
                of: grid.root, from: "20260612120000Z", to: "20260614120000Z"))
        func check(_ now: String) throws { _ = try verify(grid.signed, anchors: anchors, at: moment(now)) }
        #expect(throws: Never.self) { try check("2026-06-13T00:00:00Z") }
        expectRefusal(.CRLExpired) { try check("2026-06-14T12:00:01Z") }
        expectRefusal(.CRLNotYetValid) { try check("2026-06-12T11:59:59Z") }
    }

    @Test("30: a revocation list that another key signed is refused as CRLSignatureInvalid")
    func forgedList() throws {
        let impostor = try pki.makeAuthority(Grid.authority)
        let forged = try pki.makeRevocationList(of: impostor)
        let anchors = try grid.anchors(revocationList: forged)
        expectRefusal(.CRLSignatureInvalid) { try verify(grid.signed, anchors: anchors) }
        // The same without the key identifier that would give it away.
        let plain = try pki.makeAuthority(Grid.authority)
        let text = try String(contentsOfFile: plain.configuration, encoding: .utf8)
        try pki.write(text.replacing("crl_extensions = crl\n", with: ""), to: plain.configuration)
        let bare = try grid.anchors(revocationList: pki.makeRevocationList(of: plain))
        expectRefusal(.CRLSignatureInvalid) { try verify(grid.signed, anchors: bare) }
    }

    @Test("a forged revocation list beside the real one changes nothing")
    func forgedBesideReal() throws {
        let eve = try pki.issue(Grid.eve, under: grid.root)
        let real = try pki.makeRevocationList(of: grid.root, revoking: [eve.certificate])
        let anchors = try grid.anchors(revocationList: real)
        let forged = try pki.makeRevocationList(
            of: pki.makeAuthority(Grid.authority), from: "20260614000000Z", to: "20260801000000Z")
        let hash = try pki.hash(of: grid.root.credential.certificate)
        try FileManager.default.copyItem(atPath: forged, toPath: "\(anchors.directory)/\(hash).r1")
        #expect(throws: Never.self) { try verify(grid.signed, anchors: anchors) }
        let bytes = try signed(by: eve)
        expectRefusal(.CertRevoked) { try verify(bytes, anchors: anchors) }
    }

    @Test("31: a signer of an authority that its root revoked is refused as IssuerRevoked")
    func issuerRevoked() throws {
        let (root, issuing, bytes) = try chain()
        let lists = try [pki.makeRevocationList(of: root), pki.makeRevocationList(of: issuing)]
        let good = try TrustAnchors(
            directory: pki.makeAnchors([PKI.Anchor(root, lists[0]), PKI.Anchor(issuing, lists[1])]))
        #expect(throws: Never.self) { try verify(bytes, anchors: good) }
        let revoking = try pki.makeRevocationList(of: root, revoking: [issuing.credential.certificate])
        let bad = try TrustAnchors(
            directory: pki.makeAnchors([PKI.Anchor(root, revoking), PKI.Anchor(issuing, lists[1])]))
        expectRefusal(.IssuerRevoked) { try verify(bytes, anchors: bad) }
    }

    @Test("every level of the chain needs a revocation list")
    func everyLevel() throws {
        let (root, issuing, bytes) = try chain()
        let list = try pki.makeRevocationList(of: issuing)
        let anchors = try TrustAnchors(
            directory: pki.makeAnchors([PKI.Anchor(root, nil), PKI.Anchor(issuing, list)]))
        expectRefusal(.CRLMissing) { try verify(bytes, anchors: anchors) }
    }

    /// A root, an authority below it, and the good list signed by an endorser of that one.
    private func chain() throws -> (PKI.Authority, PKI.Authority, [UInt8]) {
        let root = try pki.makeAuthority("/DC=org/DC=example/CN=Example Root")
        let issuing = try pki.makeAuthority(Grid.authority, under: root)
        return (root, issuing, try signed(by: pki.issue(Grid.eve, under: issuing)))
    }

    @Test("32: a revocation list in DER is accepted, and one that is neither is refused as CRLFormat")
    func derList() throws {
        let list = try goodList()
        let der = pki.path("crl.der")
        try pki.openssl("crl", "-in", list, "-outform", "DER", "-out", der)
        let anchors = try grid.anchors(revocationList: der)
        #expect(throws: Never.self) { try verify(grid.signed, anchors: anchors) }
        let junk = pki.path("crl.junk")
        try pki.write("this is no revocation list\n", to: junk)
        let broken = try grid.anchors(revocationList: junk)
        expectRefusal(.CRLFormat) { try verify(grid.signed, anchors: broken) }
    }

    @Test(
        "33, 34: a subject outside of the signing policy is refused as NamespaceViolation",
        arguments: [
            "/DC=org/DC=other/*", "/DC=org/DC=example/OU=People/CN=Eve", "/DC=org/DC=example/CN=*",
            "/DC=org/DC=example", "DC=org/DC=example/*", "/DC=ORG/DC=example/*",
            "/DC=org/DC.example/OU=People/CN=Eve Endorser", "*/CN=Eve",
        ])
    func outsideOfSigningPolicy(pattern: String) throws {
        let policy = PKI.signingPolicy(of: Grid.authority, pattern)
        let anchors = try grid.anchors(revocationList: goodList(), policies: ["signing_policy": policy])
        expectRefusal(.NamespaceViolation) { try verify(grid.signed, anchors: anchors) }
    }

    @Test(
        "a subject inside of the signing policy is accepted",
        arguments: [
            "/DC=org/DC=example/*", "/*", "*", Grid.eve, "/DC=org/DC=example/OU=People/CN=Eve*",
            "/DC=org/*/CN=Eve Endorser", "/domainComponent=org/dc=example/*",
        ])
    func insideOfSigningPolicy(pattern: String) throws {
        let policy = PKI.signingPolicy(of: Grid.authority, "/DC=none/*", pattern)
        let anchors = try grid.anchors(revocationList: goodList(), policies: ["signing_policy": policy])
        #expect(throws: Never.self) { try verify(grid.signed, anchors: anchors) }
    }

    @Test(
        "33, 35: namespaces are enforced, and DENY overrules PERMIT",
        arguments: [
            ("PERMIT Subject \"/DC=org/DC=example/.*\"", true),
            ("PERMIT Subject \"/DC=org/DC=example/*\"", true),
            ("permit subject \"\(Grid.eve)\"", true),
            ("PERMIT Subject \"/DC=org/DC=other/.*\"", false),
            ("PERMIT Subject \"/DC=org/DC=example/OU=People/CN=Eve\"", false),
            ("PERMIT Subject \"/DC=org/DC=example/[a-z].*\"", false),
            ("DENY Subject \"\(Grid.eve)\"", false),
            (
                "PERMIT Subject \"/.*\"\nTO Issuer \"\(Grid.authority)\" DENY Subject \"/.*/CN=Eve.Endorser\"",
                false
            ),
            ("DENY Subject \"/.*/CN=Mallory\"\nTO Issuer \"\(Grid.authority)\" PERMIT Subject \"/.*\"", true),
            (
                "PERMIT Subject \"/.*\"\nTO Issuer \"\(Grid.authority)\" DENY Subject \"/DC=(org|net)|.*\"",
                false
            ),
        ])
    func namespaces(rule: String, isAccepted: Bool) throws {
        let text = "#NAMESPACES-VERSION: 1.0\nTO Issuer \"\(Grid.authority)\" \\\n  \(rule)\n"
        let anchors = try grid.anchors(revocationList: goodList(), policies: ["namespaces": text])
        if isAccepted {
            #expect(throws: Never.self) { try verify(grid.signed, anchors: anchors) }
        } else {
            expectRefusal(.NamespaceViolation) { try verify(grid.signed, anchors: anchors) }
        }
    }

    @Test("where both kinds of policy file speak of an authority, both must permit")
    func bothKinds() throws {
        let list = try goodList()
        func check(_ namespaces: String) throws {
            let policies = [
                "signing_policy": PKI.signingPolicy(of: Grid.authority, "/DC=org/DC=example/*"),
                "namespaces": "TO Issuer \"\(Grid.authority)\" PERMIT Subject \"\(namespaces)\"\n",
            ]
            _ = try verify(
                grid.signed, anchors: grid.anchors(revocationList: list, policies: policies))
        }
        #expect(throws: Never.self) { try check("/DC=org/.*") }
        expectRefusal(.NamespaceViolation) { try check("/DC=net/.*") }
    }

    @Test(
        "an authority without a policy file, with another's or with a broken one may sign nothing",
        arguments: [
            [:], ["signing_policy": PKI.signingPolicy(of: "/DC=org/CN=Other CA", "/*")],
            ["signing_policy": PKI.signingPolicy(of: Grid.authority, "/*") + "nonsense\n"],
            ["namespaces": "TO Issuer \"\(Grid.authority)\" PERMIT Subject \"/.*\"\nDENY everything\n"],
            ["namespaces": "TO Issuer \"\(Grid.authority)\" PERMIT Subject \"/.*\n"],
        ])
    func noPolicy(policies: [String: String]) throws {
        let anchors = try grid.anchors(revocationList: goodList(), policies: policies)
        expectRefusal(.NamespaceViolation) { try verify(grid.signed, anchors: anchors) }
    }

    @Test("a value that holds a slash cannot imitate a name that a policy permits")
    func imitatedNamespace() throws {
        let eve = try pki.issue("/DC=org/DC=example\\/OU=People\\/CN=Eve Endorser", under: grid.root)
        let document = ListDocument().with(
            endorser: ["hv:dn": "/DC=org/DC=example\\/OU=People\\/CN=Eve Endorser"])
        let bytes = try pki.sign(document.text, by: eve)
        expectRefusal(.NamespaceViolation) { try verify(bytes) }
    }

    @Test("36: a certificate whose extended key usage lacks emailProtection is PurposeNotAllowed")
    func extendedKeyUsage() throws {
        let extensions = PKI.endorserExtensions.replacing("emailProtection,clientAuth", with: "clientAuth")
        let bytes = try signed(by: pki.issue(Grid.eve, under: grid.root, extensions: extensions))
        expectRefusal(.PurposeNotAllowed) { try verify(bytes) }
    }

    @Test("37: a certificate whose key usage lacks signatures is PurposeNotAllowed")
    func keyUsage() throws {
        let extensions = PKI.endorserExtensions.replacing(
            "digitalSignature,nonRepudiation", with: "keyEncipherment")
        let bytes = try signed(by: pki.issue(Grid.eve, under: grid.root, extensions: extensions))
        expectRefusal(.PurposeNotAllowed) { try verify(bytes) }
    }

    @Test("38: a proxy certificate is refused as ProxyNotAllowed, of RFC 3820 and of the kind before it")
    func proxy() throws {
        let issuer = PKI.Authority(subject: Grid.eve, directory: pki.path("proxy"))
        try FileManager.default.createDirectory(
            atPath: issuer.directory + "/new", withIntermediateDirectories: true)
        try pki.write("", to: issuer.directory + "/index.txt")
        let text = try String(contentsOfFile: grid.root.configuration, encoding: .utf8)
        try pki.write(text.replacing(grid.root.directory, with: issuer.directory), to: issuer.configuration)
        for (source, target) in [
            (grid.eve.certificate, issuer.credential.certificate), (grid.eve.key, issuer.credential.key),
        ] {
            try FileManager.default.copyItem(atPath: source, toPath: target)
        }
        let modern = try pki.issue(
            Grid.eve + "/CN=1234", under: issuer,
            extensions: "proxyCertInfo = critical,language:id-ppl-inheritAll\nkeyUsage = digitalSignature")
        let legacy = try pki.issue(
            Grid.eve + "/CN=proxy", under: issuer, extensions: "keyUsage = digitalSignature")
        for credential in [modern, legacy] {
            let bytes = try pki.sign(
                ListDocument().text, by: credential, options: ["-certfile", grid.eve.certificate])
            expectRefusal(.ProxyNotAllowed) { try verify(bytes) }
        }
    }

    @Test("39: a key below 112 bits of strength is refused as KeyTooWeak")
    func weakKey() throws {
        for key in ["rsa:1024", "P-192"] {
            let bytes = try signed(by: pki.issue(Grid.eve, under: grid.root, key: key))
            expectRefusal(.KeyTooWeak) { try verify(bytes) }
        }
    }

    @Test("an authority with a weak key is refused as KeyTooWeak")
    func weakAuthority() throws {
        let root = try pki.makeAuthority(Grid.authority, key: "rsa:1024")
        let anchors = try TrustAnchors(
            directory: pki.makeAnchors([PKI.Anchor(root, pki.makeRevocationList(of: root))]))
        let bytes = try signed(by: pki.issue(Grid.eve, under: root))
        expectRefusal(.KeyTooWeak) { try verify(bytes, anchors: anchors) }
    }

    @Test("a certificate that is signed over SHA-1 is refused as WeakDigest")
    func weakCertificate() throws {
        let eve = try pki.issue(Grid.eve, under: grid.root, options: ["-md", "sha1"])
        let bytes = try signed(by: eve)
        expectRefusal(.WeakDigest) { try verify(bytes) }
    }

    @Test("40: a chain with an authority missing is refused as ChainIncomplete, also when the list brings it")
    func incomplete() throws {
        let (root, issuing, _) = try chain()
        let eve = try pki.issue(Grid.eve, under: issuing)
        let onlyRoot = try TrustAnchors(
            directory: pki.makeAnchors([PKI.Anchor(root, pki.makeRevocationList(of: root))]))
        let plain = try signed(by: eve)
        expectRefusal(.ChainIncomplete) { try verify(plain, anchors: onlyRoot) }
        let sent = try pki.sign(
            ListDocument().text, by: eve, options: ["-certfile", issuing.credential.certificate])
        expectRefusal(.ChainIncomplete) { try verify(sent, anchors: onlyRoot) }
        let noRoot = try TrustAnchors(
            directory: pki.makeAnchors([PKI.Anchor(issuing, pki.makeRevocationList(of: issuing))]))
        expectRefusal(.ChainIncomplete) { try verify(plain, anchors: noRoot) }
    }

    @Test("an authority that is none is refused as UntrustedIssuer")
    func noAuthority() throws {
        let person = try pki.makeAuthority("/DC=org/DC=example/CN=Person", under: grid.root)
        // The same key, but a certificate of an endorser.
        let certificate = try pki.certify(
            "/DC=org/DC=example/CN=Person", key: person.credential.key, under: grid.root)
        let eve = try pki.issue(Grid.eve, under: person)
        try FileManager.default.removeItem(atPath: person.credential.certificate)
        try FileManager.default.copyItem(
            atPath: certificate.certificate, toPath: person.credential.certificate)
        let anchors = try TrustAnchors(
            directory: pki.makeAnchors([
                PKI.Anchor(grid.root, goodList()), PKI.Anchor(person, pki.makeRevocationList(of: person)),
            ]))
        let bytes = try signed(by: eve, of: person.subject)
        expectRefusal(.UntrustedIssuer) { try verify(bytes, anchors: anchors) }
    }

    @Test("an empty or missing directory of anchors trusts nobody")
    func noAnchors() {
        expectRefusal(.UntrustedIssuer) {
            try verify(grid.signed, anchors: TrustAnchors(directory: grid.pki.directory + "/missing"))
        }
    }
}

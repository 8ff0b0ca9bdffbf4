import Foundation
import ImageTrust
import JSON
import Job
import Testing

/// What real endorsers and their tools do, and what must be accepted.
@Suite("Oddities of the real world are accepted") struct OddityTests {
    let grid: Grid

    init() throws { grid = try Grid.shared.get() }

    private var text: String { String(decoding: grid.signed, as: UTF8.self) }

    private func accept(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: Never.self, sourceLocation: sourceLocation) { try verify(Array(text.utf8)) }
    }

    private func accept(_ document: ListDocument, sourceLocation: SourceLocation = #_sourceLocation) {
        let list = try? verify(document).list
        #expect(list?.entries.count == 1, sourceLocation: sourceLocation)
    }

    @Test("a copy with LF alone or with CRLF alone gets the same verdict")
    func lineEnds() {
        let lf = text.replacing("\r\n", with: "\n")
        accept(lf)
        accept(lf.replacing("\n", with: "\r\n"))
        let broken = lf.replacing("Demo images", with: "Demo Images")
        expectRefusal(.DigestMismatch) { try verify(Array(broken.utf8)) }
        expectRefusal(.DigestMismatch) { try verify(Array(broken.replacing("\n", with: "\r\n").utf8)) }
    }

    @Test("a file whose line ends were converted twice")
    func doubleConversion() { accept(text.replacing("\r\n", with: "\n").replacing("\n", with: "\r\r\n")) }

    @Test("the part type and protocol of 2011, without x-, also mixed")
    func oldTypes() {
        accept(text.replacing("application/x-pkcs7-signature", with: "application/pkcs7-signature"))
        accept(
            text.replacing(
                "Content-Type: application/x-pkcs7-signature",
                with: "Content-Type: application/pkcs7-signature"))
    }

    @Test("header names, types and encodings in any case")
    func headerCase() {
        accept(
            text.replacing("Content-Type:", with: "content-type:").replacing(
                "MIME-Version", with: "Mime-Version"))
        accept(
            text.replacing("multipart/signed", with: "Multipart/Signed").replacing("base64", with: "Base64"))
    }

    @Test("extra headers in front of the usual ones and behind them")
    func extraHeaders() {
        accept("X-Mailer: endorser 1.0\nFrom: eve@example.org\n" + text)
        accept(text.replacing("MIME-Version: 1.0\n", with: "MIME-Version: 1.0\nSubject: list\n"))
    }

    @Test("a header folded over several lines")
    func foldedHeader() { accept(text.replacing("; boundary=", with: ";\n\tboundary=")) }

    @Test("a byte order mark before the header")
    func byteOrderMark() { accept("\u{FEFF}" + text) }

    @Test("another preamble, a long one, or none")
    func preamble() {
        let usual = "This is an S/MIME signed message\n\n"
        accept(text.replacing(usual, with: "Dies ist eine signierte Liste.\nMIME: yes\n\n"))
        accept(text.replacing(usual, with: ""))
    }

    @Test("a boundary without quotes, and white space behind a boundary line")
    func boundary() throws {
        let start = try #require(text.range(of: "boundary=\""))
        let boundary = String(text[start.upperBound...].prefix { $0 != "\"" })
        let renamed = text.replacing("boundary=\"\(boundary)\"", with: "boundary=list-7")
        accept(renamed.replacing(boundary, with: "list-7"))
        accept(text.replacing("\n--\(boundary)\n", with: "\n--\(boundary) \t\n"))
    }

    @Test("no line end behind the closing boundary")
    func noLastLineEnd() {
        var text = text
        while text.last?.isNewline == true { text.removeLast() }
        accept(text)
    }

    @Test("no micalg, and one that lies, which nobody has signed")
    func micalg() {
        accept(text.replacing(" micalg=\"sha-256\";", with: ""))
        accept(text.replacing("sha-256", with: "md5"))
    }

    @Test("unrelated certificates in the signature")
    func extraCertificates() throws {
        let other = try grid.pki.issue("/DC=org/DC=example/CN=Somebody", under: grid.root)
        let bytes = try grid.pki.sign(
            ListDocument().text, by: grid.eve,
            options: ["-certfile", other.certificate, "-certfile", grid.root.credential.certificate])
        #expect(throws: Never.self) { try verify(bytes) }
    }

    @Test(
        "signed with openssl cms, also in its streaming form and by subject key identifier",
        arguments: [
            [], ["-stream"], ["-keyid"], ["-nosmimecap"], ["-crlfeol"],
        ])
    func cms(options: [String]) throws {
        let bytes = try grid.pki.sign(
            ListDocument().text, by: grid.eve, command: "cms", options: options)
        #expect(throws: Never.self) { try verify(bytes) }
    }

    @Test("signed with -crlfeol, and with -binary over content that is CRLF already")
    func crlf() throws {
        let content = ListDocument().text
        let written = try grid.pki.sign(content, by: grid.eve, options: ["-crlfeol"])
        #expect(throws: Never.self) { try verify(written) }
        let binary = try grid.pki.sign(
            content.replacing("\n", with: "\r\n"), by: grid.eve, options: ["-binary"])
        #expect(throws: Never.self) { try verify(binary) }
    }

    @Test("digests SHA-256, SHA-384 and SHA-512", arguments: ["sha256", "sha384", "sha512"])
    func digests(digest: String) throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, digest: digest)
        #expect(try verify(bytes).signature.digest.rawValue == digest)
        #expect(try verify(bytes).signature.warnings == [])
    }

    @Test(
        "keys of RSA, RSA-PSS and elliptic curves, and PSS signatures of an RSA key",
        arguments: [
            ("rsa:3072", []), ("P-256", []), ("P-384", []), ("rsa-pss", []),
            ("rsa:2048", ["-keyopt", "rsa_padding_mode:pss"]),
        ])
    func keys(key: String, options: [String]) throws {
        let eve = try grid.pki.issue(Grid.eve, under: grid.root, key: key)
        let bytes = try grid.pki.sign(ListDocument().text, by: eve, command: "cms", options: options)
        #expect(throws: Never.self) { try verify(bytes) }
        let changed = String(decoding: bytes, as: UTF8.self).replacing("Demo", with: "Dema")
        expectRefusal(.DigestMismatch) { try verify(Array(changed.utf8)) }
    }

    @Test("sizes as strings, as the AppDB writes them")
    func stringSize() throws {
        let list = try verify(ListDocument().with(image: ["hv:size": "121243136"])).list
        #expect(list.entries.first?.size.bytes == 121_243_136)
    }

    @Test("keys of the AppDB in list and images, and keys that nobody knows")
    func unknownKeys() throws {
        let list = try verify(
            ListDocument().with(
                list: ["ad:vo": "demo", "ad:swid": "12", "x:y": .array([.null, .bool(true)])],
                image: [
                    "ad:mpuri": "https://appdb.example.org/1", "ad:user:fullname": "Eve",
                    "ad:group": "General",
                    "hv:ram_minimum": "512", "hv:core_minimum": .integer(1), "sl:osname": "Debian",
                ])
        ).list
        #expect(list.vo == "demo")
        #expect(list.entries.count == 1)
    }

    @Test("titles and names beyond ASCII, escaped or not")
    func nonASCII() throws {
        let document = ListDocument().with(
            list: ["dc:title": "Bilder für Übungen ☃"], endorser: ["dc:creator": "Ève Ëndorser"],
            image: ["dc:title": "最小"])
        #expect(try verify(document).list.title == "Bilder für Übungen ☃")
        let escaped = ListDocument().text.replacing("Demo images", with: "\\u00dcbungen \\ud83d\\ude00")
        let bytes = try grid.pki.sign(escaped, by: grid.eve)
        #expect(try verify(bytes).list.title == "Übungen 😀")
    }

    @Test("empty descriptions and comments, and numbers where words are expected")
    func emptyWords() {
        accept(ListDocument().with(image: ["dc:description": "", "sl:os": "", "sl:osversion": .integer(12)]))
        accept(ListDocument().with(list: ["dc:source": "example.org"]))
    }

    @Test("no hv:format, and formats and hypervisors in upper case")
    func formats() throws {
        accept(ListDocument().with(image: ["hv:format": JSON?.none]))
        let list = try verify(
            ListDocument().with(image: ["hv:format": "QCOW2", "hv:hypervisor": "KVM"])
        ).list
        #expect(list.entries.first?.format == "qcow2")
    }

    @Test("upper-case checksums and identifiers")
    func upperCase() {
        accept(
            ListDocument().with(
                list: ["dc:identifier": .string(ListDocument.identifier.uppercased())],
                image: ["sl:checksum:sha512": .string(String(repeating: "5A", count: 64))]))
    }

    @Test("a list without images, which is how one is decommissioned")
    func noImages() throws {
        var document = ListDocument()
        document.images = []
        #expect(try verify(document).list.images == [])
    }

    @Test("an expiry in 2499, within the site's maximum age")
    func farExpiry() { accept(ListDocument().with(list: ["dc:date:expires": "2499-12-31T22:00:00Z"])) }

    @Test("spaces in the JSON, all on one line, or many empty lines at its end")
    func jsonLayout() throws {
        for text in [
            ListDocument().json.description, ListDocument().text + "\n\n\n",
            "\n\n  " + ListDocument().text.replacing(":\"", with: " :\t\""),
        ] {
            let bytes = try grid.pki.sign(text, by: grid.eve)
            #expect(throws: Never.self) { try verify(bytes) }
        }
    }

    @Test("names of endorsers with a slash, as services have them, escaped or not")
    func slash() throws {
        let subject = "/DC=org/DC=example/CN=host/appdb.example.org"
        let service = try grid.pki.issue(
            "/DC=org/DC=example/CN=host\\/appdb.example.org", under: grid.root)
        for dn in [subject, "/DC=org/DC=example/CN=host\\/appdb.example.org"] {
            let bytes = try grid.pki.sign(
                ListDocument().with(endorser: ["hv:dn": .string(dn)]).text, by: service)
            #expect(throws: Never.self) {
                try verify(bytes, endorsers: [Grid.endorser("service", subject)])
            }
        }
    }

    @Test("names with an e-mail address under any of its three labels, and beyond ASCII in both spellings")
    func attributeSpellings() throws {
        let eve = try grid.pki.issue(
            "/DC=org/DC=example/CN=J\u{F6}rg/emailAddress=eve@example.org", under: grid.root)
        for dn in [
            "/DC=org/DC=example/CN=J\u{F6}rg/emailAddress=eve@example.org",
            "/DC=org/DC=example/CN=J\\xC3\\xB6rg/Email=eve@example.org",
            "/dc=org/dc=example/cn=J\\xc3\\xb6rg/E=eve@example.org",
        ] {
            let bytes = try grid.pki.sign(
                ListDocument().with(endorser: ["hv:dn": .string(dn)]).text, by: eve)
            #expect(throws: Never.self) { try verify(bytes, endorsers: [Grid.endorser("eve", dn)]) }
        }
    }

    @Test("a certificate of version 1, without any extension")
    func version1() throws {
        let request = grid.pki.path("request.pem")
        let certificate = grid.pki.path("cert.pem")
        try grid.pki.openssl(
            "req", "-new", "-config", grid.root.configuration, "-key", grid.eve.key, "-subj", Grid.eve,
            "-out", request)
        try grid.pki.openssl(
            "x509", "-req", "-in", request, "-CA", grid.root.credential.certificate, "-CAkey",
            grid.root.credential.key, "-CAserial", grid.pki.path("serial"), "-CAcreateserial", "-days",
            "3650", "-out", certificate)
        let document = ListDocument().with(list: ["dc:date:expires": "2099-12-31T00:00:00Z"])
        let bytes = try grid.pki.sign(
            document.text, by: PKI.Credential(certificate: certificate, key: grid.eve.key))
        let list = try grid.pki.makeRevocationList(
            of: grid.root, from: "20260101000000Z", to: "20991231000000Z")
        let anchors = try grid.anchors(revocationList: list)
        // Such a certificate can only begin at the moment of the test.
        let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970) + 1)
        #expect(throws: Never.self) { try verify(bytes, anchors: anchors, maximumAge: nil, at: now) }
    }

    @Test("anchors under the old hash, under any name, as a bundle, in DER, with text before them")
    func anchorFiles() throws {
        let pki = grid.pki
        let certificate = grid.root.credential.certificate
        let list = try pki.makeRevocationList(of: grid.root)
        let policy = PKI.signingPolicy(of: Grid.authority, "/DC=org/DC=example/*")
        let old = try pki.hash(of: certificate, option: "-subject_hash_old")
        let new = try pki.hash(of: certificate)
        let other = try pki.makeAuthority("/DC=org/DC=example/CN=Other CA")
        let der = pki.path("ca.der")
        try pki.openssl("x509", "-in", certificate, "-outform", "DER", "-out", der)
        let pem = try pki.read(certificate)
        let bundle = try pki.read(other.credential.certificate) + pem
        for (stem, suffix, content) in [
            (old, "0", pem), ("Example-CA", "pem", pem), (new, "0", bundle), (new, "0", try pki.read(der)),
            (new, "0", Array("Certificate:\n    Data: text\n".utf8) + pem),
        ] {
            let home = pki.path("anchors")
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            try Data(content).write(to: URL(fileURLWithPath: "\(home)/\(stem).\(suffix)"))
            try FileManager.default.copyItem(atPath: list, toPath: "\(home)/\(stem).r0")
            try pki.write(policy, to: "\(home)/\(stem).signing_policy")
            #expect(throws: Never.self, "\(stem).\(suffix)") {
                try verify(grid.signed, anchors: TrustAnchors(directory: home))
            }
        }
    }

    @Test("two authorities of one name, as while a key is changed, and links to the files")
    func twoKeys() throws {
        let pki = grid.pki
        let newer = try pki.makeAuthority(Grid.authority)
        let lists = try [pki.makeRevocationList(of: grid.root), pki.makeRevocationList(of: newer)]
        let home = try grid.anchors(revocationList: lists[0]).directory
        let hash = try pki.hash(of: newer.credential.certificate)
        try FileManager.default.createSymbolicLink(
            atPath: "\(home)/\(hash).1", withDestinationPath: newer.credential.certificate)
        try FileManager.default.createSymbolicLink(
            atPath: "\(home)/\(hash).r1", withDestinationPath: lists[1])
        let anchors = TrustAnchors(directory: home)
        #expect(throws: Never.self) { try verify(grid.signed, anchors: anchors) }
        let eve = try pki.issue(Grid.eve, under: newer)
        let bytes = try pki.sign(ListDocument().text, by: eve)
        #expect(throws: Never.self) { try verify(bytes, anchors: anchors) }
    }
}

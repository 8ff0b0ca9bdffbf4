import Foundation
import ImageTrust
import Job
import Testing

@Suite("The signed container") struct ContainerTests {
    let grid: Grid

    init() throws { grid = try Grid.shared.get() }

    /// The signed list as text, to be cut and pasted.
    private var text: String { String(decoding: grid.signed, as: UTF8.self) }

    private func verifyText(_ text: String) throws -> VerifiedList { try verify(Array(text.utf8)) }

    @Test("a list signed by the recipe is accepted")
    func accepted() throws {
        let list = try verify(grid.signed)
        #expect(list.list.entries.count == 1)
        #expect(list.list.title == "Demo images")
        #expect(list.signature.subject.description == Grid.eve)
        #expect(list.signature.issuer.description == Grid.authority)
        #expect(list.signature.warnings == [])
        #expect(list.endorser?.name == "eve")
    }

    @Test("1: JSON that nobody signed is refused as NotSMIME")
    func unsigned() {
        expectRefusal(.NotSMIME) { try verifyText(ListDocument().text) }
        expectRefusal(.NotSMIME) { try verify([]) }
        expectRefusal(.NotSMIME) { try verifyText("MIME-Version: 1.0\nContent-Type: text/plain\n\nhello\n") }
    }

    @Test("2: opaque signed data is refused as UnsupportedContainer")
    func opaque() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, options: ["-nodetach"])
        expectRefusal(.UnsupportedContainer) { try verify(bytes) }
    }

    @Test("3: encrypted S/MIME is refused as UnsupportedContainer")
    func encrypted() throws {
        let source = grid.pki.path("list.json")
        let target = grid.pki.path("list.enveloped")
        try grid.pki.write(ListDocument().text, to: source)
        try grid.pki.openssl(
            "smime", "-encrypt", "-aes256", "-in", source, "-out", target, grid.eve.certificate)
        let bytes = try grid.pki.read(target)
        expectRefusal(.UnsupportedContainer) { try verify(bytes) }
    }

    @Test("4: a PKCS #7 structure in PEM is refused as NotSMIME")
    func pem() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, options: ["-outform", "PEM"])
        expectRefusal(.NotSMIME) { try verify(bytes) }
    }

    @Test("5: one changed byte of the content is refused as DigestMismatch")
    func changedByte() {
        expectRefusal(.DigestMismatch) {
            try verifyText(text.replacing("minimal.qcow2", with: "minimax.qcow2"))
        }
        expectRefusal(.DigestMismatch) { try verifyText(text.replacing("4194304", with: "4194305")) }
    }

    @Test("6: stripped trailing spaces are refused as DigestMismatch")
    func strippedSpaces() throws {
        let spaced = ListDocument().text.replacing(",\n", with: ", \n")
        let bytes = try grid.pki.sign(spaced, by: grid.eve)
        #expect(throws: Never.self) { try verify(bytes) }
        let stripped = String(decoding: bytes, as: UTF8.self).replacing(", \r\n", with: ",\r\n")
        expectRefusal(.DigestMismatch) { try verifyText(stripped) }
    }

    @Test("7: a list signed with -binary over LF is refused as DigestMismatch with a hint")
    func binary() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, options: ["-binary"])
        let refusal = expectRefusal(.DigestMismatch) { try verify(bytes) }
        #expect(refusal?.message.contains("not canonical") == true)
    }

    @Test("8: a truncated list is refused as MalformedMIME, wherever it ends")
    func truncated() throws {
        let closing = try #require(text.range(of: "--\n", options: .backwards))
        expectRefusal(.MalformedMIME) { try verifyText(String(text[..<closing.lowerBound])) }
        for part in [0.2, 0.5, 0.9] {
            let end = Int(Double(grid.signed.count) * part)
            expectRefusal(.MalformedMIME) { try verify(Array(grid.signed[..<end])) }
        }
    }

    @Test("9: three parts are refused as MalformedMIME")
    func threeParts() throws {
        let boundary = try boundary()
        expectRefusal(.MalformedMIME) {
            try verifyText(
                text.replacing("\n--\(boundary)--", with: "\n--\(boundary)\nmore\n--\(boundary)--"))
        }
    }

    @Test("10: a second Content-Type is refused as MalformedMIME")
    func secondContentType() {
        expectRefusal(.MalformedMIME) {
            try verifyText(
                text.replacing("MIME-Version: 1.0\n", with: "MIME-Version: 1.0\nContent-Type: text/plain\n"))
        }
        expectRefusal(.MalformedMIME) { try verifyText("Content-Type: text/plain\n" + text) }
    }

    @Test(
        "11: bytes before the header are refused as MalformedMIME",
        arguments: [
            "hello\n", "hello world ", "\n", "\n\n", "XX", "{}\n", "\u{0}",
        ])
    func bytesBefore(prefix: String) {
        expectRefusal(.MalformedMIME) { try verifyText(prefix + text) }
    }

    @Test("12: junk behind the closing boundary is refused as TrailingData, empty lines are not")
    func trailing() throws {
        expectRefusal(.TrailingData) { try verifyText(text + "junk\n") }
        expectRefusal(.TrailingData) { try verifyText(text + text) }
        #expect(throws: Never.self) { try verifyText(text + "\r\n \n\n") }
    }

    @Test("13: headers inside the signed part are refused as UnexpectedPartHeaders")
    func partHeaders() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, options: ["-text"])
        expectRefusal(.UnexpectedPartHeaders) { try verify(bytes) }
    }

    @Test("14: a signature without its certificate is refused as SignerCertMissing")
    func noCertificate() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, options: ["-nocerts"])
        expectRefusal(.SignerCertMissing) { try verify(bytes) }
    }

    @Test("15: two signers are refused as MultipleSigners")
    func twoSigners() throws {
        let other = try grid.pki.issue("/DC=org/DC=example/CN=Second", under: grid.root)
        let bytes = try grid.pki.sign(
            ListDocument().text, by: grid.eve,
            options: ["-signer", other.certificate, "-inkey", other.key])
        expectRefusal(.MultipleSigners) { try verify(bytes) }
    }

    @Test("16: an MD5 digest is refused as WeakDigest, also where SHA-1 is allowed")
    func md5() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, digest: "md5")
        expectRefusal(.WeakDigest) { try verify(bytes) }
        expectRefusal(.WeakDigest) { try verify(bytes, allowing: .sha1AndSha2) }
    }

    @Test("17: a SHA-1 digest is refused as WeakDigest unless the list's configuration allows it")
    func sha1() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, digest: "sha1")
        expectRefusal(.WeakDigest) { try verify(bytes) }
        #expect(try verify(bytes, allowing: .sha1AndSha2).signature.digest == .sha1)
    }

    @Test("18: a micalg that disagrees with the signature is the warning AlgorithmMismatch")
    func micalg() throws {
        let list = try verifyText(text.replacing("micalg=\"sha-256\"", with: "micalg=\"sha-512\""))
        #expect(list.signature.warnings.map(\.name) == [.AlgorithmMismatch])
    }

    @Test("19: a key that is neither RSA nor an elliptic curve is refused as UnsupportedSignature")
    func unsupportedKey() throws {
        let dsa = grid.pki.path("dsa.pem")
        let parameters = grid.pki.path("dsa.params")
        try grid.pki.openssl(
            "genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:2048", "-out",
            parameters)
        try grid.pki.openssl("genpkey", "-paramfile", parameters, "-out", dsa)
        let credential = try grid.pki.certify("/DC=org/DC=example/CN=Dora", key: dsa, under: grid.root)
        let bytes = try grid.pki.sign(ListDocument().text, by: credential)
        expectRefusal(.UnsupportedSignature) { try verify(bytes) }
    }

    @Test("20: a signature without signed attributes is accepted with a warning")
    func noAttributes() throws {
        let bytes = try grid.pki.sign(ListDocument().text, by: grid.eve, options: ["-noattr"])
        #expect(try verify(bytes).signature.warnings.map(\.name) == [.NoSignedAttributes])
    }

    @Test("21: a file beyond the limit is refused as TooLarge")
    func tooLarge() {
        expectRefusal(.TooLarge) { try verify(grid.signed, limit: grid.signed.count - 1) }
        #expect(throws: Never.self) { try verify(grid.signed, limit: grid.signed.count) }
    }

    @Test("a line that only begins like the boundary is refused as MalformedMIME")
    func nearBoundary() throws {
        let boundary = try boundary()
        expectRefusal(.MalformedMIME) {
            try verifyText(text.replacing("\n--\(boundary)--", with: "\n--\(boundary)x\n--\(boundary)--"))
        }
    }

    @Test("a signature that is not base64, not CMS or has something behind it is refused as MalformedMIME")
    func brokenSignature() throws {
        let start = try #require(text.range(of: "smime.p7s\"\n\n"))
        let end = try #require(text.range(of: "\n\n----", options: .backwards))
        func replaced(by signature: String) -> String {
            text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: signature)
        }
        expectRefusal(.MalformedMIME) { try verifyText(replaced(by: "")) }
        expectRefusal(.MalformedMIME) { try verifyText(replaced(by: "!!!!")) }
        expectRefusal(.MalformedMIME) { try verifyText(replaced(by: "AAAA")) }
        expectRefusal(.MalformedMIME) {
            try verifyText(
                replaced(by: text[start.upperBound..<end.lowerBound].replacing("=", with: "") + "AAAA"))
        }
    }

    private func boundary() throws -> String {
        let start = try #require(text.range(of: "boundary=\""))
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}

import Digest
import JSON
import Job
import Testing

@testable import ImageTrust

/// Together more than 100,000 changed inputs a run; the seed is another one each time and stands in every
/// failure.
@Suite("Changed inputs") struct FuzzTests {
    private let seed = UInt64.random(in: 0...UInt64.max)

    @Test("no changed file is accepted unless what was signed is what is read", .timeLimit(.minutes(5)))
    func container() throws {
        let grid = try Grid.shared.get()
        let eve = try grid.pki.issue(Grid.eve, under: grid.root)
        let corpus = try [
            grid.pki.sign(ListDocument().text, by: eve), grid.pki.sign("{}\n", by: eve, options: ["-noattr"]),
        ]
        let signer = try #require(
            Certificate.reading(file: grid.pki.read(eve.certificate)).first
        ).der
        for original in corpus {
            let text = String(decoding: original, as: UTF8.self)
            let boundary = text.split(separator: "boundary=\"")[1].prefix { $0 != "\"" }
            var mutator = Mutator(
                seed: seed,
                words: [
                    "\r\n", "\n", "\r", "--\(boundary)\n", "--\(boundary)--\n", "--", "\0", "\u{FEFF}",
                    "Content-Type: ", "Content-Type: text/plain\n", "multipart/signed", ";", "=", "\"", " ",
                    "MIME-Version: 1.0\n", "base64", "AAAA", "{", "}", "\n\n",
                ])
            let good = try MultipartSigned(parsing: original)
            var accepted = 0
            for _ in 0..<22_000 {
                let bytes = mutator.mutated(original)
                guard let parts = try? MultipartSigned(parsing: bytes) else { continue }
                if parts.content == good.content && parts.signature == good.signature {
                    accepted += 1
                    continue
                }
                guard let info = try? ContentInfo.reading(parts.signature) else { continue }
                let isSigned = info.failure(over: parts.content) == nil
                if parts.content != good.content {
                    #expect(!isSigned, "seed \(seed)")
                } else if isSigned, info.signer.der != signer {
                    // Eve's key under a certificate that was changed: her authority did not sign that one.
                    #expect(throws: Refusal.self, "seed \(seed)") {
                        try grid.anchors.check(info.signer, at: Grid.now)
                    }
                }
            }
            // The header and the preamble are not signed, so some changes must leave the list as it was.
            #expect(accepted > 0)
        }
    }

    @Test("no changed list is verified with other facts", .timeLimit(.minutes(5)))
    func verification() throws {
        let grid = try Grid.shared.get()
        let eve = try grid.pki.issue(Grid.eve, under: grid.root)
        let original = try grid.pki.sign(ListDocument().text, by: eve)
        let good = try verify(original)
        var mutator = Mutator(seed: seed, words: ["\r\n", "\n", "AAAA", "\"", "0", "\0"])
        for _ in 0..<1_000 {
            let bytes = mutator.mutated(original)
            guard let list = try? verify(bytes) else { continue }
            #expect(list.contentSHA256 == good.contentSHA256, "seed \(seed)")
            #expect(list.list == good.list, "seed \(seed)")
            #expect(list.signature.subject == good.signature.subject, "seed \(seed)")
        }
    }

    @Test("a changed document is read or refused, and what is read keeps every rule", .timeLimit(.minutes(5)))
    func document() throws {
        let original = Array(ListDocument().text.utf8)
        var mutator = Mutator(
            seed: seed,
            words: [
                "\"", "\\", "\\u0000", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "true", "-", "1e999",
                "\0",
                "\"dc:identifier\":\"../x\",", "\u{FF}", "\"hv:image\":", "\"a\":{\"a\":{\"a\":", "0",
                "\"hv:size\":-1,", "99999999999999999999",
            ])
        var read = 0
        for _ in 0..<20_000 {
            guard let list = try? ImageList(parsing: mutator.mutated(original)) else { continue }
            read += 1
            #expect(list.created < list.expires, "seed \(seed)")
            for entry in list.entries {
                #expect(entry.size.bytes > 0 && !entry.identifier.description.contains("/"), "seed \(seed)")
                #expect(ListURI(entry.uri.description) != nil, "seed \(seed)")
            }
        }
        #expect(read > 0)
    }

    @Test("a changed name is refused or reads back as itself", .timeLimit(.minutes(5)))
    func names() {
        let corpus = [
            Grid.eve, "/C=DE/O=A\\/B/CN=C\\+D", "/CN=J\\xC3\\xB6rg+UID=j/emailAddress=a@b",
            "/1.2.3.4=x/CN=host/a",
        ].map { Array($0.utf8) }
        var mutator = Mutator(
            seed: seed,
            words: ["/", "+", "\\", "=", "/CN=", "+OU=", "\\x", "\\/", "/X=", "1.2.", "\0", "\u{F6}"])
        var read = 0
        for round in 0..<40_000 {
            let text = String(decoding: mutator.mutated(corpus[round % corpus.count]), as: UTF8.self)
            guard let name = DistinguishedName(text) else { continue }
            read += 1
            #expect(DistinguishedName(name.description) == name, "seed \(seed): \(text)")
            #expect(name.description.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "seed \(seed)")
        }
        #expect(read > 0)
    }

    @Test("changed policy files are read or refused", .timeLimit(.minutes(5)))
    func policies() {
        let globus = Array(PKI.signingPolicy(of: Grid.authority, "/DC=org/*", "/C=*").utf8)
        let regular = Array(
            "TO Issuer \"\(Grid.authority)\" \\\n PERMIT Subject \"/DC=org/.*\"\nTO Issuer SELF DENY Subject \"/CN=.\"\n"
                .utf8)
        let name = DistinguishedName(Grid.eve)
        var mutator = Mutator(
            seed: seed,
            words: ["'", "\"", "\\\n", "\n", "#", "*", ".*", ".+", "DENY", "/", "neg_rights", "SELF"])
        for _ in 0..<5_000 {
            let text = String(decoding: mutator.mutated(globus), as: UTF8.self)
            let other = String(decoding: mutator.mutated(regular), as: UTF8.self)
            let rules = ((try? SigningPolicy.rules(text)) ?? []) + ((try? Namespaces.rules(other)) ?? [])
            if let name { for rule in rules { _ = rule.covers(name) } }
        }
    }

    @Test("a pattern full of wildcards is matched in bounded time")
    func wildcards() throws {
        let name = try #require(DistinguishedName("/CN=" + String(repeating: "a", count: 4000)))
        let pattern = NamespacePattern(globus: String(repeating: "*a", count: 500) + "b")
        #expect(!pattern.matches(name))
    }

    @Test("base64 reads back what it wrote and nothing else")
    func base64() {
        for count in 0...100 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(Base64.bytes(Array(Base64.text(bytes).utf8)[...]) == bytes)
        }
        for text in ["A", "AA", "AAA", "A===", "AA=A", "AAAA=", "AA==AAAA", "AA-A", "=", "===="] {
            #expect(Base64.bytes(Array(text.utf8)[...]) == nil, "\(text)")
        }
    }
}

import Digest
import JSON
import Job
import Testing
import Unix

@testable import ImageTrust

/// Together more than 100,000 changed inputs a run; the seed is another one each time and stands in every
/// failure.
@Suite("Changed inputs") struct FuzzTests {
    private let seed = UInt64.random(in: 0...UInt64.max)

    @Test("no changed file is accepted unless what was signed is what is read", .timeLimit(.minutes(15)))
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

    @Test("no changed list is verified with other facts", .timeLimit(.minutes(15)))
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

    /// The inputs that the fuzzer of `Tests/Fuzz` begins with too, its findings among them.
    private static func corpus(_ property: Property) throws -> [[UInt8]] {
        let tests = Files.parent(Files.parent(#filePath))
        let directory = "\(tests)/Fuzz/corpus/\(property.rawValue)"
        return try Files.names(in: directory).map { try Files.read("\(directory)/\($0)", limit: 1 << 16) }
    }

    /// What is worth inserting.
    private static func words(_ property: Property) -> [String] {
        switch property {
        case .splitter:
            [
                "\r\n", "\n", "\r", "------A1\n", "------A1--\n", "--", "\0", "\u{FEFF}", "Content-Type: ",
                ";", "=",
                "\"", " ", "MIME-Version: 1.0\n", "base64", "AAAA", "{", "\n\n",
            ]
        case .json, .document:
            [
                "\"", "\\", "\\u0000", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "true", "-", "1e999",
                "\0",
                "\"dc:identifier\":\"../x\",", "\u{FF}", "\"hv:image\":", "\"a\":{\"a\":{\"a\":", "0",
                "\"hv:size\":-1,", "99999999999999999999",
            ]
        case .name: ["/", "+", "\\", "=", "/CN=", "+OU=", "\\x", "\\/", "/X=", "1.2.", "\0", "\u{F6}"]
        case .policy: ["'", "\"", "\\\n", "\n", "#", "*", ".*", ".+", "DENY", "/", "neg_rights", "SELF"]
        }
    }

    @Test(
        "what must hold of every input of a parser holds of those of the corpus and of changed ones",
        .timeLimit(.minutes(15)),
        arguments: [
            (Property.splitter, 10_000), (.json, 15_000), (.document, 15_000), (.name, 40_000),
            (.policy, 5_000),
        ])
    func properties(_ property: Property, _ rounds: Int) throws {
        let corpus = try Self.corpus(property)
        #expect(corpus.count > 1)
        for original in corpus { #expect(property.fault(original) == nil) }
        var mutator = Mutator(seed: seed, words: Self.words(property))
        for round in 0..<rounds {
            let bytes = mutator.mutated(corpus[round % corpus.count])
            guard let fault = property.fault(bytes) else { continue }
            Issue.record("seed \(seed), \(property): \(fault): \(bytes)")
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

import Foundation
import TestSupport
import Testing

extension HookTests {
    /// The program is run with limits that no list may break: processor time and address space.
    @Suite("list verify ends soon and with little memory, whatever it is given")
    struct HostileListTests {
        /// Bytes of a file; `bivouac-bench lists` gives the released program as many as a list may have, and 5 s.
        private static let length = 3 << 20

        /// A debug build is slower by a factor of ten.
        private static let seconds = 30

        private static func verify(_ file: String, _ node: Node) throws -> Outcome {
            try Launch.run([
                "/bin/sh", "-c", "ulimit -t \(seconds) -v 400000; exec \"$@\"", "sh", Built.bivouac, "list",
                "verify",
                file, "--anchors", node.endorsement.anchors, "--json",
            ])
        }

        private static func refusal(_ outcome: Outcome) throws -> String? {
            let verdict = try JSONSerialization.jsonObject(with: outcome.output) as? [String: Any]
            return verdict?["refusal"] as? String
        }

        /// Something that is no list, and why.
        struct Hostile: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let refusal: String
            let content: @Sendable () -> String

            init(_ name: String, _ refusal: String, _ content: @escaping @Sendable () -> String) {
                testDescription = name
                self.refusal = refusal
                self.content = content
            }

            static func filled(_ piece: String, from start: String = "", to end: String = "") -> String {
                start + String(repeating: piece, count: (length - start.count - end.count) / piece.count)
                    + end
            }
        }

        private static let header = "MIME-Version: 1.0\nContent-Type: multipart/signed; boundary=\"b\"\n"

        /// Files that nobody signed.
        static let unsigned = [
            Hostile("zeroes", "NotSMIME") { Hostile.filled("\0") },
            Hostile("empty lines", "NotSMIME") { Hostile.filled("\n") },
            Hostile("a header of folded lines", "MalformedMIME") { Hostile.filled(" x\n", from: header) },
            Hostile("a header without end", "MalformedMIME") { Hostile.filled("x", from: header + "X: ") },
            Hostile("parameters", "MalformedMIME") {
                Hostile.filled("; a=b", from: "MIME-Version: 1.0\nContent-Type: multipart/signed")
            },
            Hostile("a preamble without end", "MalformedMIME") { Hostile.filled("\n", from: header + "\n") },
            Hostile("boundaries", "MalformedMIME") { Hostile.filled("--b\n", from: header + "\n") },
            Hostile("carriage returns", "MalformedMIME") { Hostile.filled("\r", from: header + "\n--b\n") },
            Hostile("a long signature", "TooComplex") {
                Hostile.filled(
                    "AAAAAAAA\n",
                    from: header
                        + "\n--b\n{}\n--b\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n",
                    to: "\n--b--\n")
            },
        ]

        @Test("a file that nobody signed is refused by its fault", arguments: Self.unsigned)
        func nobodySigned(_ hostile: Hostile) throws {
            let node = try Node(refreshed: false)
            try node.write("hostile.list", hostile.content())
            let run = try Self.verify(node.path("hostile.list"), node)
            #expect(run.status == 65, "\(run.errors)")
            #expect(try Self.refusal(run) == hostile.refusal)
        }

        private static let images = "{\"hv:imagelist\":{\"hv:images\":["

        /// Documents that an endorser signed.
        static let signed = [
            Hostile("arrays in arrays", "TooComplex") { Hostile.filled("[") },
            Hostile("objects in objects", "TooComplex") { Hostile.filled("{\"a\":") },
            Hostile("a long array", "TooComplex") { Hostile.filled("0,", from: "[", to: "0]") },
            Hostile("an object of many members", "TooComplex") {
                "{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
            },
            Hostile("a long text", "NotAnImageList") { Hostile.filled("x", from: "\"", to: "\"") },
            Hostile("escapes", "NotAnImageList") { Hostile.filled("\\u0041", from: "\"", to: "\"") },
            Hostile("images without anything", "TooComplex") {
                Hostile.filled("{},", from: images, to: "{}]}}")
            },
            Hostile("images with an identifier and no more", "MissingField") {
                Hostile.filled(
                    "{\"hv:image\":{\"dc:identifier\":\"\(Endorsement.image)\"}},", from: images, to: "{}]}}")
            },
        ]

        @Test("a document that an endorser signed is refused by its fault", arguments: Self.signed)
        func endorserSigned(_ hostile: Hostile) throws {
            let node = try Node(refreshed: false)
            let keys = node.endorsement.authority
            try node.write("hostile.json", hostile.content() + "\n")
            try Launch.require([
                "/usr/bin/openssl", "smime", "-sign", "-md", "sha256", "-in", node.path("hostile.json"),
                "-signer",
                keys + "/eve.pem", "-inkey", keys + "/eve.key", "-out", node.path("hostile.list"),
            ])
            let run = try Self.verify(node.path("hostile.list"), node)
            #expect(run.status == 65, "\(run.errors)")
            #expect(try Self.refusal(run) == hostile.refusal)
        }

        @Test(
            "what is no file of a bounded length is not read",
            arguments: ["/dev/zero", "/tmp", "pipe", "sparse"])
        func noFile(_ name: String) throws {
            let node = try Node(refreshed: false)
            var path = name
            if !name.hasPrefix("/") { path = node.path(name) }
            if name == "pipe" { try Launch.require(["/usr/bin/mkfifo", path]) }
            if name == "sparse" { try Launch.require(["/usr/bin/truncate", "-s", "1T", path]) }
            let run = try Self.verify(path, node)
            #expect(run.status == (name == "sparse" ? 65 : 64), "\(run.errors)")
        }
    }
}

import JSON
import Job

@testable import ImageTrust

/// What must hold of every input of a parser, whatever stands in it; `FuzzTests` and the fuzzer of `Tests/Fuzz` ask
/// the same.
enum Property: String, CaseIterable {
    /// The parts of a signed file.
    case splitter
    /// A JSON document.
    case json
    /// The content of an image list.
    case document
    /// A distinguished name as text.
    case name
    /// A signing policy or a namespaces file.
    case policy

    /// What does not hold; nil when all does.
    func fault(_ bytes: [UInt8]) -> String? {
        switch self {
        case .splitter: Self.splitter(bytes)
        case .json: Self.json(bytes)
        case .document: Self.document(bytes)
        case .name: Self.name(String(decoding: bytes, as: UTF8.self))
        case .policy: Self.policy(String(decoding: bytes, as: UTF8.self))
        }
    }

    private static func splitter(_ bytes: [UInt8]) -> String? {
        guard let parts = try? MultipartSigned(parsing: bytes) else { return nil }
        for (index, byte) in parts.content.enumerated() where byte == 0x0A {
            guard index > 0, parts.content[index - 1] == 0x0D, index < 2 || parts.content[index - 2] != 0x0D
            else { return "a line of the content does not end in one CRLF" }
        }
        if parts.signature.isEmpty { return "there is no signature" }
        _ = try? ContentInfo.reading(parts.signature)
        // A copy with other line ends says the same.
        let plain = bytes.filter { $0 != 0x0D }
        guard let copy = try? MultipartSigned(parsing: plain) else { return nil }
        let hasLoneReturns = zip(bytes, bytes.dropFirst() + [0]).contains { $0 == 0x0D && $1 != 0x0A }
        return copy.content == parts.content || hasLoneReturns ? nil : "line ends change the content"
    }

    private static func json(_ bytes: [UInt8]) -> String? {
        guard let value = try? JSON(parsing: bytes) else { return nil }
        guard let again = try? JSON(parsing: Array(value.description.utf8)) else {
            return "what is written cannot be read"
        }
        return again == value ? nil : "what is written reads as something else"
    }

    private static func document(_ bytes: [UInt8]) -> String? {
        guard let list = try? ImageList(parsing: bytes) else { return nil }
        guard list.created < list.expires else { return "it ends before it begins" }
        for entry in list.entries {
            guard entry.size.bytes > 0 else { return "an image without bytes" }
            guard !entry.identifier.description.contains("/") else { return "an identifier that is a path" }
            guard ListURI(entry.uri.description) == entry.uri else { return "a URI that is none" }
        }
        return nil
    }

    private static func name(_ text: String) -> String? {
        guard let name = DistinguishedName(text) else { return nil }
        guard name.description.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            return "the text of the name is not plain"
        }
        return DistinguishedName(name.description) == name ? nil : "the name reads back as another"
    }

    private static func policy(_ text: String) -> String? {
        guard let name = DistinguishedName("/DC=org/DC=example/CN=Eve Endorser") else { return "no name" }
        let rules = ((try? SigningPolicy.rules(text)) ?? []) + ((try? Namespaces.rules(text)) ?? [])
        for rule in rules { _ = rule.covers(name) }
        return nil
    }
}

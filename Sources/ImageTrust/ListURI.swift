/// Where a list or image is fetched: an absolute `http`, `https` or `file` URI (RFC 3986) without anything that
/// a shell, a log or a human could misread.
package struct ListURI: Hashable, Sendable, CustomStringConvertible {
    /// How the thing is fetched.
    package enum Scheme: String, Hashable, Sendable { case http, https, file }

    package let description: String
    package let scheme: Scheme
    /// Host and port in lower case; empty for a file.
    package let host: String
    /// The path of a file, or path and query behind the host.
    package let path: String

    private static let lengthLimit = 2048

    /// Refuses user information, fragments, other schemes, and all characters outside of letters, digits and
    /// `-._~/:@,+=%[]`, with `?` once and `&` only behind it.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.lengthLimit, let mark = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased())
        else { return nil }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[authority.endIndex...]
        guard Self.isAuthority(authority, scheme), Self.isPath(path),
            scheme != .file || path.hasPrefix("/") && path.utf8.count > 1
        else { return nil }
        description = text
        self.scheme = scheme
        host = scheme == .file ? "" : authority.lowercased()
        self.path = String(path)
    }

    private static func isAuthority(_ text: Substring, _ scheme: Scheme) -> Bool {
        if scheme == .file { return text.isEmpty || text == "localhost" }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        if text.hasPrefix("[") {
            return text.utf8.dropFirst().allSatisfy { isPlain($0) || $0 == 0x3A || $0 == 0x5D }
        }
        guard let name = parts.first, !name.isEmpty, name.first != "-",
            name.utf8.allSatisfy({ isPlain($0) })
        else { return false }
        return parts.count == 1 || UInt16(parts[1]).map { $0 > 0 } ?? false
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func isPath(_ text: Substring) -> Bool {
        let bytes = Array(text.utf8)
        var inQuery = false
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: ","),
                UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "["), UInt8(ascii: "]"):
                break
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count,
                    bytes[(index + 1)...(index + 2)].allSatisfy({
                        Character(Unicode.Scalar($0)).isHexDigit
                    })
                else { return false }
            case UInt8(ascii: "?") where !inQuery: inQuery = true
            case UInt8(ascii: "&") where inQuery: break
            default:
                if !isPlain(byte) { return false }
            }
        }
        return true
    }
}

extension ListURI: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let uri = ListURI(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a URI: '\(text)'")
        }
        self = uri
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

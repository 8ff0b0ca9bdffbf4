/// How a job or a site names an image: `LIST/ALIAS` or `LIST/UUID`.
package struct ImageName: Hashable, Sendable, CustomStringConvertible {
    package let list: String
    package let image: String

    /// Both parts are 1 to 64 letters, digits, `_`, `.` or `-` and begin with a letter or digit.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ Self.isWord($0) }) else { return nil }
        list = String(parts[0])
        image = String(parts[1])
    }

    /// Whether a text can be one half of a name: 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or
    /// digit.
    package static func isWord(_ text: some StringProtocol) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first else { return false }
        func plain(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: false
            }
        }
        return plain(first)
            && text.utf8.allSatisfy { plain($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    package var description: String { "\(list)/\(image)" }
}

extension ImageName: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = ImageName(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not LIST/IMAGE: '\(text)'")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

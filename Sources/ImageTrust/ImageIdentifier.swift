internal import Digest

/// The `dc:identifier` of a list or image: a UUID (RFC 4122), in lower case.
package struct ImageIdentifier: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Reads 8-4-4-4-12 hexadecimal digits; upper case is folded.
    package init?(_ text: some StringProtocol) {
        let groups = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard groups.map(\.count) == [8, 4, 4, 4, 12],
            groups.allSatisfy({ $0.allSatisfy { Self.isDigit($0) } })
        else { return nil }
        description = text.lowercased()
    }

    /// Sixteen bytes in the order of the text.
    init(uuid bytes: [UInt8]) {
        let digits = Array(Hexadecimal.text(bytes).utf8)
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        description = groups.map { String(decoding: digits[$0], as: UTF8.self) }.joined(separator: "-")
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}

extension ImageIdentifier {
    /// A random UUID of version 4.
    package static func random() -> ImageIdentifier {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return ImageIdentifier(uuid: bytes)
    }
}

extension ImageIdentifier: Codable, CodingKeyRepresentable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let identifier = ImageIdentifier(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a UUID: '\(text)'")
        }
        self = identifier
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package var codingKey: any CodingKey { Key(stringValue: description) }

    package init?<T: CodingKey>(codingKey: T) { self.init(codingKey.stringValue) }
}

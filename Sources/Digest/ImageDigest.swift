/// The SHA-512 of an image file: what names the image in a list, in the store and in evidence.
package struct ImageDigest: Hashable, Sendable, CustomStringConvertible {
    /// 128 lower-case hexadecimal digits.
    package let description: String

    /// Reads 128 hexadecimal digits; upper case is folded.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 128, let bytes = Hexadecimal.bytes(text) else { return nil }
        description = Hexadecimal.text(bytes)
    }

    /// The 64 bytes that SHA-512 yields.
    init(_ bytes: [UInt8]) { description = Hexadecimal.text(bytes) }
}

extension ImageDigest: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = ImageDigest(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not 128 hexadecimal digits")
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

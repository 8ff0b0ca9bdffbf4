/// The name of a certificate's holder or issuer (X.501): a sequence of sets of attributes, compared by type
/// and value, never as text.
package struct DistinguishedName: Hashable, Sendable {
    package struct Attribute: Hashable, Comparable, Sendable {
        package let type: AttributeType
        /// The characters of the value in UTF-8, whatever string type the certificate encodes them in.
        package let value: [UInt8]

        package static func < (left: Attribute, right: Attribute) -> Bool {
            left.type == right.type
                ? left.value.lexicographicallyPrecedes(right.value) : left.type < right.type
        }
    }

    /// The relative names from the root of the tree downwards; the attributes of one are sorted.
    package let relativeNames: [[Attribute]]

    init(_ relativeNames: [[Attribute]]) {
        self.relativeNames = relativeNames.map { $0.sorted() }
    }

    /// Whether this is the name of `other` with exactly one relative name more.
    func extends(_ other: DistinguishedName) -> Bool {
        relativeNames.count == other.relativeNames.count + 1
            && relativeNames.starts(with: other.relativeNames)
    }
}

extension DistinguishedName: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let name = DistinguishedName(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a distinguished name: '\(text)'")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

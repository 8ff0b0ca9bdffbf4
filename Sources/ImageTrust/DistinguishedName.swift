/// The name of a certificate's holder or issuer (X.501): a sequence of sets of attributes, compared by type
/// and value, never as text.
package struct DistinguishedName: Sendable {
    /// One type and its value.
    package struct Attribute: Hashable, Comparable, Sendable {
        package let type: AttributeType
        /// The characters of the value in UTF-8, whatever string type the certificate encodes them in.
        package let value: [UInt8]

        /// By type and then by the bytes of the value.
        package static func < (left: Attribute, right: Attribute) -> Bool {
            left.type == right.type
                ? left.value.lexicographicallyPrecedes(right.value) : left.type < right.type
        }
    }

    /// The relative names from the root of the tree downwards, each with its attributes as they are written.
    package let relativeNames: [[Attribute]]

    /// How long the text form may be; one that is written can always be read.
    static let lengthLimit = 4096

    /// Nil when its text form is too long.
    init?(_ relativeNames: [[Attribute]]) {
        self.relativeNames = relativeNames
        guard description.utf8.count <= Self.lengthLimit else { return nil }
    }

    /// Whether this is the name of `other` with exactly one relative name more.
    func extends(_ other: DistinguishedName) -> Bool {
        relativeNames.count == other.relativeNames.count + 1
            && DistinguishedName(Array(relativeNames.dropLast())) == other
    }
}

extension DistinguishedName: Hashable {
    /// The attributes of one relative name are a set, so their order does not count.
    private var sets: [[Attribute]] { relativeNames.map { $0.sorted() } }

    /// Whether types and values are the same at every level.
    package static func == (left: DistinguishedName, right: DistinguishedName) -> Bool {
        left.sets == right.sets
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(sets) }
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

/// The type of one attribute of a distinguished name: an object identifier in dotted form.
package struct AttributeType: Hashable, Comparable, Sendable {
    package let identifier: String

    /// The type with this dotted object identifier.
    init(identifier: String) { self.identifier = identifier }

    /// By the text of the identifiers, so that sets of attributes have one order.
    package static func < (left: AttributeType, right: AttributeType) -> Bool {
        left.identifier < right.identifier
    }

    /// Reads `CN`, `DC`, `emailAddress`, an alias that grid tools write, or `1.2.840.113549.1.9.1`.
    init?(name: some StringProtocol) {
        if let identifier = Self.identifiers[name.lowercased()] {
            self.identifier = identifier
        } else if Self.isDotted(name) {
            identifier = String(name)
        } else {
            return nil
        }
    }

    /// The name that OpenSSL prints; the identifier when the type is not a usual one.
    var name: String { Self.names[identifier] ?? identifier }

    private static func isDotted(_ text: some StringProtocol) -> Bool {
        let arcs = text.split(separator: ".", omittingEmptySubsequences: false)
        return (3...20).contains(arcs.count)
            && arcs.allSatisfy { arc in
                (1...10).contains(arc.utf8.count) && arc.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && (arc.utf8.first != 0x30 || arc.utf8.count == 1)
            }
    }

    /// RFC 4519, RFC 5280 and PKCS #9; the first name of a type is the one that is printed.
    private static let table: [(identifier: String, names: [String])] = [
        ("2.5.4.3", ["CN", "commonName"]),
        ("2.5.4.4", ["SN", "surname"]),
        ("2.5.4.5", ["serialNumber"]),
        ("2.5.4.6", ["C", "countryName"]),
        ("2.5.4.7", ["L", "localityName"]),
        ("2.5.4.8", ["ST", "stateOrProvinceName", "S"]),
        ("2.5.4.9", ["street", "streetAddress"]),
        ("2.5.4.10", ["O", "organizationName"]),
        ("2.5.4.11", ["OU", "organizationalUnitName"]),
        ("2.5.4.12", ["title"]),
        ("2.5.4.13", ["description"]),
        ("2.5.4.15", ["businessCategory"]),
        ("2.5.4.17", ["postalCode"]),
        ("2.5.4.41", ["name"]),
        ("2.5.4.42", ["GN", "givenName"]),
        ("2.5.4.43", ["initials"]),
        ("2.5.4.44", ["generationQualifier"]),
        ("2.5.4.46", ["dnQualifier"]),
        ("2.5.4.65", ["pseudonym"]),
        ("2.5.4.97", ["organizationIdentifier"]),
        ("0.9.2342.19200300.100.1.1", ["UID", "userId"]),
        ("0.9.2342.19200300.100.1.25", ["DC", "domainComponent"]),
        ("1.2.840.113549.1.9.1", ["emailAddress", "Email", "E"]),
        ("1.2.840.113549.1.9.2", ["unstructuredName"]),
    ]

    private static let identifiers = Dictionary(
        uniqueKeysWithValues: table.flatMap { row in row.names.map { ($0.lowercased(), row.identifier) } })

    private static let names = Dictionary(uniqueKeysWithValues: table.map { ($0.identifier, $0.names[0]) })
}

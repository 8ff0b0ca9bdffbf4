package import Job

/// A file of the user's that a payload needs to act in her name, such as a proxy or a token: it lives in memory
/// and in no record.
package struct Credential: Sendable {
    /// Of one machine, at most.
    package static let most = 8
    /// Bytes of one.
    package static let longest = 256 << 10
    private static let longestName = 64

    /// The variable that names the file: capital letters, digits and `_`.
    package let variable: String
    package let content: Secret

    package init(variable: String, content: Secret) {
        self.variable = variable
        self.content = content
    }

    /// Whether a text can name a variable, and with it the file in the machine.
    package static func isVariable(_ text: String) -> Bool {
        (1...longestName).contains(text.utf8.count) && !(text.utf8.first.map { $0 < 0x41 } ?? true)
            && text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }
}

extension Credential: Hashable {
    package static func == (left: Credential, right: Credential) -> Bool {
        left.variable == right.variable && left.content.bytes == right.content.bytes
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(variable) }
}

extension Credential {
    static func list(_ reader: inout FieldReader) throws(FieldReader.Malformed) -> [Credential] {
        let count = try reader.count(ofSize: 8)
        guard count <= most else { throw .init(what: "\(count) credentials") }
        var list: [Credential] = []
        for _ in 0..<count {
            let variable = try reader.text(limit: longestName)
            guard isVariable(variable), !list.contains(where: { $0.variable == variable }) else {
                throw .init(what: "a credential without a proper name")
            }
            list.append(Credential(variable: variable, content: Secret(try reader.string(limit: longest))))
        }
        return list
    }

    static func write(_ list: [Credential], to writer: inout FieldWriter) {
        writer.number(UInt32(list.count))
        for one in list {
            writer.text(one.variable, limit: longestName)
            writer.string(one.content.bytes)
        }
    }
}

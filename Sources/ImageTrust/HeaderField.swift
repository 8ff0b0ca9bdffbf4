/// One field of a MIME header (RFC 5322), unfolded.
struct HeaderField: Equatable {
    /// In lower case.
    let name: String
    let body: String

    /// A body of the form `VALUE; NAME=WORD; NAME="TEXT"` (RFC 2045): the value in lower case and the
    /// parameters by lower-case name; nil when it is not of that form or has a parameter twice.
    var parameters: (value: String, parameters: [String: String])? {
        var rest = Substring(body)
        let value = rest.prefix { $0 != ";" }
        rest = rest.dropFirst(value.count)
        var parameters: [String: String] = [:]
        while rest.first == ";" {
            rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
            if rest.isEmpty { break }
            let name = rest.prefix { $0 != "=" && $0 != ";" }
            rest = rest.dropFirst(name.count)
            guard rest.first == "=" else { return nil }
            rest = rest.dropFirst()
            let text: Substring
            if rest.first == "\"" {
                text = rest.dropFirst().prefix { $0 != "\"" }
                rest = rest.dropFirst(text.count + 1)
                guard rest.first == "\"" else { return nil }
                rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
                guard rest.isEmpty || rest.first == ";" else { return nil }
            } else {
                let word = rest.prefix { $0 != ";" }
                rest = rest.dropFirst(word.count)
                text = Self.trimmed(word)
                guard !text.contains(where: { $0 == " " || $0 == "\t" || $0 == "\"" }) else { return nil }
            }
            let key = Self.trimmed(name).lowercased()
            guard parameters.updateValue(String(text), forKey: key) == nil else { return nil }
        }
        return (Self.trimmed(value).lowercased(), parameters)
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}

extension HeaderField {
    private static let countLimit = 64
    /// Bytes of all fields together.
    private static let lengthLimit = 1 << 14

    /// Reads fields up to the empty line, and leaves the reader behind it; nil when a line is no field, there
    /// are too many, or the text ends before.
    static func block(_ reader: inout LineReader) -> [HeaderField]? {
        var fields: [HeaderField] = []
        let start = reader.position
        while let line = reader.next(), reader.position - start <= lengthLimit {
            if line.isEmpty { return fields }
            guard let text = String(validating: line, as: UTF8.self) else { return nil }
            if text.first == " " || text.first == "\t" {
                guard let last = fields.popLast() else { return nil }
                fields.append(HeaderField(name: last.name, body: last.body + " " + trimmed(text[...])))
            } else {
                guard let field = HeaderField(line: text), fields.count < countLimit else { return nil }
                fields.append(field)
            }
        }
        return nil
    }

    /// Reads `Name: body`; the name is printable ASCII without a colon.
    init?(line: String) {
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
            line[..<colon].utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        name = line[..<colon].lowercased()
        body = String(Self.trimmed(line[line.index(after: colon)...]))
    }
}

extension [HeaderField] {
    /// The one field of this name; nil when there is none or there are several.
    func only(_ name: String) -> HeaderField? {
        let found = filter { $0.name == name }
        return found.count == 1 ? found[0] : nil
    }
}

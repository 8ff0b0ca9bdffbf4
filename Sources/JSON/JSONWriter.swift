extension JSON: CustomStringConvertible {
    /// The value on one line, without spaces.
    package var description: String {
        var text = ""
        write(to: &text)
        return text
    }

    /// The value over several lines, one member or element on each, two spaces deeper at every level.
    package var indented: String {
        var text = ""
        writeIndented(to: &text, margin: "")
        return text
    }

    private func writeIndented(to text: inout String, margin: String) {
        let inner = margin + "  "
        switch self {
        case .array(let elements) where !elements.isEmpty:
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += inner
                element.writeIndented(to: &text, margin: inner)
                text += index + 1 < elements.count ? ",\n" : "\n"
            }
            text += margin + "]"
        case .object(let members) where !members.isEmpty:
            text += "{\n"
            for (index, member) in members.enumerated() {
                text += inner
                Self.write(member.name, to: &text)
                text += ": "
                member.value.writeIndented(to: &text, margin: inner)
                text += index + 1 < members.count ? ",\n" : "\n"
            }
            text += margin + "}"
        default: write(to: &text)
        }
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += String(value)
        case .string(let value): Self.write(value, to: &text)
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(member.name, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// Control characters and the line separators that end a line for some readers are escaped, so that a
    /// value can never break a format of one record per line.
    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}

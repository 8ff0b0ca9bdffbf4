/// Names that came from a guest as text that cannot deceive whoever reads it.
package enum PrintableName {
    /// The bytes as text: what is not UTF-8, not visible, or turns the direction of writing stands as its number.
    package static func text(_ bytes: [UInt8]) -> String {
        var text = ""
        var rest = bytes[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
            if let scalar = scalar(rest.prefix(length)) {
                text += shown(scalar)
                rest = rest.dropFirst(length)
            } else {
                text += "\\x" + hexadecimal(UInt32(first), 2)
                rest = rest.dropFirst()
            }
        }
        return text
    }

    /// The same for text.
    package static func text(_ string: String) -> String { text(Array(string.utf8)) }

    /// Text that is printable already, and made so where it is not.
    static func plain(_ text: String) -> String {
        text.unicodeScalars.contains { $0 != "\\" && shown($0).count != 1 } ? self.text(text) : text
    }

    private static func scalar(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let string = String(validating: bytes, as: UTF8.self), string.unicodeScalars.count == 1 else {
            return nil
        }
        return string.unicodeScalars.first
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        if scalar == "\\" { return "\\\\" }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            return scalar.value < 0x100
                ? "\\x" + hexadecimal(scalar.value, 2) : "\\u{" + hexadecimal(scalar.value, 4) + "}"
        case .spaceSeparator where scalar != " ": return "\\u{" + hexadecimal(scalar.value, 4) + "}"
        default: return String(Character(scalar))
        }
    }

    private static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

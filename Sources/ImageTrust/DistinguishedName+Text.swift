extension DistinguishedName: CustomStringConvertible, LosslessStringConvertible {
    /// Reads the slash form that `X509_NAME_oneline` and grid tools write, `/DC=org/DC=example/CN=Eve`.
    ///
    /// A slash or plus in a value may be escaped by a backslash; an unescaped one belongs to the value where no
    /// attribute can begin. `\xHH` is a byte. A text in which `TYPE=` stands behind a slash or plus with a type
    /// that nobody knows can be read in two ways, so it is no name.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.first == Self.slash, bytes.count <= Self.lengthLimit else { return nil }
        var relativeNames: [[Attribute]] = []
        var position = 0
        while position < bytes.count {
            let separator = bytes[position]
            guard case .known(let type, let start) = Self.type(in: bytes, after: position),
                let (value, end) = Self.value(in: bytes, from: start)
            else { return nil }
            let attribute = Attribute(type: type, value: value)
            if separator == Self.slash {
                relativeNames.append([attribute])
            } else {
                relativeNames[relativeNames.count - 1].append(attribute)
            }
            position = end
        }
        self.init(relativeNames)
    }

    /// The slash form in ASCII, as OpenSSL 3 prints it; other characters are `\xHH`.
    package var description: String {
        var text = ""
        for attributes in relativeNames {
            for (index, attribute) in attributes.enumerated() {
                text += (index == 0 ? "/" : "+") + attribute.type.name + "="
                for byte in attribute.value {
                    switch byte {
                    case Self.slash, Self.plus, Self.backslash:
                        text += "\\"
                        text.unicodeScalars.append(Unicode.Scalar(byte))
                    case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(byte))
                    default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                    }
                }
            }
        }
        return text
    }

    static let slash = UInt8(ascii: "/")
    static let plus = UInt8(ascii: "+")
    static let backslash = UInt8(ascii: "\\")

    /// What stands behind a slash or plus.
    enum Beginning {
        /// An attribute: its type, and where its value begins.
        case known(AttributeType, value: Int)
        /// Something like an attribute, of a type that is not known.
        case unknown
        /// No attribute.
        case none
    }

    /// Whether an attribute begins behind the separator at a position.
    static func type(in bytes: [UInt8], after separator: Int) -> Beginning {
        let start = separator + 1
        var end = start
        while end < bytes.count, end - start <= 64, isTypeCharacter(bytes[end]) { end += 1 }
        guard end > start, end < bytes.count, bytes[end] == UInt8(ascii: "=") else { return .none }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        guard let type = AttributeType(name: name) else { return .unknown }
        return .known(type, value: end + 1)
    }

    private static func isTypeCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// A value with its escapes resolved, and where the separator behind it stands.
    private static func value(in bytes: [UInt8], from start: Int) -> (value: [UInt8], end: Int)? {
        var value: [UInt8] = []
        var position = start
        while position < bytes.count {
            switch bytes[position] {
            case slash, plus:
                switch type(in: bytes, after: position) {
                case .known: return (value, position)
                case .unknown: return nil
                case .none: value.append(bytes[position])
                }
            case backslash:
                let (byte, length) = escaped(bytes[position...])
                value.append(byte)
                position += length - 1
            default:
                value.append(bytes[position])
            }
            position += 1
        }
        return (value, position)
    }

    /// The byte that an escape stands for, and how long the escape is; a backslash before anything else is
    /// itself, since OpenSSL does not escape it.
    private static func escaped(_ bytes: ArraySlice<UInt8>) -> (byte: UInt8, length: Int) {
        let rest = Array(bytes.prefix(4))
        if rest.count >= 2, [slash, plus, backslash].contains(rest[1]) { return (rest[1], 2) }
        if rest.count == 4, rest[1] == UInt8(ascii: "x"),
            let high = Character(Unicode.Scalar(rest[2])).hexDigitValue,
            let low = Character(Unicode.Scalar(rest[3])).hexDigitValue
        {
            return (UInt8(high << 4 | low), 4)
        }
        return (backslash, 1)
    }
}

/// Which subjects a rule of a `.signing_policy` or `.namespaces` file is about; the whole subject must match.
struct NamespacePattern: Hashable, Sendable {
    private enum Element: Hashable { case byte(UInt8), one, many }

    private let elements: [Element]

    /// Reads a pattern of the Globus EACL form: `*` is any text, all else is itself.
    init(globus text: String) {
        elements = Self.canonical(Array(text.utf8)).map { $0 == UInt8(ascii: "*") ? .many : .byte($0) }
    }

    /// Reads a pattern of the EUGridPMA form, a regular expression of which `.*`, `.+` and, since many files
    /// use it so, a plain `*` mean any text; nil for any other operator.
    ///
    /// A plain dot is itself in what a file permits and any character in what it denies.
    init?(regular text: String, dotMatchesAny: Bool) {
        let bytes = Self.canonical(Array(text.utf8))
        var elements: [Element] = []
        var position = 0
        while position < bytes.count {
            let next = position + 1 < bytes.count ? bytes[position + 1] : 0
            switch bytes[position] {
            case UInt8(ascii: ".") where next == UInt8(ascii: "*"):
                elements.append(.many)
                position += 1
            case UInt8(ascii: ".") where next == UInt8(ascii: "+"):
                elements += [.one, .many]
                position += 1
            case UInt8(ascii: "."):
                elements.append(dotMatchesAny ? .one : .byte(bytes[position]))
            case UInt8(ascii: "*"):
                elements.append(.many)
            case DistinguishedName.backslash where next != 0:
                elements.append(.byte(next))
                position += 1
            case UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
                UInt8(ascii: "|"),
                UInt8(ascii: "^"), UInt8(ascii: "$"), UInt8(ascii: "?"):
                return nil
            default:
                elements.append(.byte(bytes[position]))
            }
            position += 1
        }
        self.elements = elements
    }

    func matches(_ name: DistinguishedName) -> Bool {
        let text = Self.text(name)
        var position = 0
        var element = 0
        // Where to go on when what follows the last `many` does not fit; one such place is enough.
        var retry: (element: Int, position: Int)?
        while position < text.count {
            if element < elements.count, elements[element] == .many {
                retry = (element + 1, position)
                element += 1
            } else if element < elements.count,
                elements[element] == .one || elements[element] == .byte(text[position])
            {
                element += 1
                position += 1
            } else if let (next, from) = retry {
                retry = (next, from + 1)
                element = next
                position = from + 1
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .many }
    }

    /// The name as patterns see it; a slash or plus of a value that looks like a separator is escaped, so that
    /// a value cannot imitate a name further down the tree.
    private static func text(_ name: DistinguishedName) -> [UInt8] {
        var text: [UInt8] = []
        for attributes in name.relativeNames {
            for (index, attribute) in attributes.enumerated() {
                text.append(index == 0 ? DistinguishedName.slash : DistinguishedName.plus)
                text += Array(attribute.type.name.utf8)
                text.append(UInt8(ascii: "="))
                for (position, byte) in attribute.value.enumerated() {
                    if byte == DistinguishedName.slash || byte == DistinguishedName.plus {
                        if case .none = DistinguishedName.type(in: attribute.value, after: position) {
                        } else {
                            text.append(DistinguishedName.backslash)
                        }
                    }
                    text.append(byte)
                }
            }
        }
        return text
    }

    /// The pattern with every attribute type spelt as in `text`.
    private static func canonical(_ pattern: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var position = 0
        while position < pattern.count {
            result.append(pattern[position])
            if pattern[position] == DistinguishedName.slash || pattern[position] == DistinguishedName.plus,
                case .known(let type, let value) = DistinguishedName.type(in: pattern, after: position)
            {
                result += Array(type.name.utf8) + [UInt8(ascii: "=")]
                position = value
            } else {
                position += 1
            }
        }
        return result
    }
}

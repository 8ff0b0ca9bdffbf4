/// An element of an XML document; the only place where text becomes XML.
struct XMLElement {
    let name: String
    let attributes: [(name: String, value: String)]
    var content: [Content]

    enum Content {
        case element(XMLElement)
        case text(String)
    }

    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ children: [XMLElement] = []) {
        self.name = name
        self.attributes = attributes.map { (name: $0.key, value: $0.value) }
        content = children.map { .element($0) }
    }

    init(_ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String) {
        self.init(name, attributes)
        content = [.text(text)]
    }

    /// The element as text, two spaces for each level.
    func rendered(indent: String = "") throws(DescriptionError) -> String {
        var text = "\(indent)<\(name)"
        for (key, value) in attributes {
            text += " \(key)='\(try Self.escaped(value, in: "\(name) \(key)"))'"
        }
        if content.isEmpty { return text + "/>\n" }
        text += ">"
        var closing = ""
        for (index, part) in content.enumerated() {
            switch part {
            case .text(let words):
                text += try Self.escaped(words, in: name)
            case .element(let child):
                if index == 0 { text += "\n" }
                text += try child.rendered(indent: indent + "  ")
                closing = indent
            }
        }
        return text + "\(closing)</\(name)>\n"
    }

    /// The text with every character that means something to XML replaced.
    ///
    /// Control characters have no place in a name or path of ours, and most of them none in XML 1.0: they are
    /// refused, line ends among them, which a parser would change.
    static func escaped(_ text: String, in place: String) throws(DescriptionError) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "'": escaped += "&apos;"
            case "\"": escaped += "&quot;"
            case _ where scalar.properties.generalCategory == .control || scalar.value & 0xFFFE == 0xFFFE:
                throw .controlCharacter(place: place, value: scalar.value)
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

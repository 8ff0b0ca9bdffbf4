/// Text of a page; what is put into it from elsewhere is escaped, without exception.
struct HTML: ExpressibleByStringInterpolation, ExpressibleByStringLiteral, CustomStringConvertible {
    let description: String

    init(stringLiteral value: String) { description = value }
    init(stringInterpolation: Interpolation) { description = stringInterpolation.text }
    private init(parts: [HTML]) { description = parts.map(\.description).joined() }

    /// The parts one after another.
    static func join(_ parts: [HTML]) -> HTML { HTML(parts: parts) }

    /// What stands between the fixed parts of a literal.
    struct Interpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {}
        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ html: HTML) { text += html.description }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ value: String) {
            for scalar in value.unicodeScalars {
                switch scalar {
                case "&": text += "&amp;"
                case "<": text += "&lt;"
                case ">": text += "&gt;"
                case "\"": text += "&quot;"
                case "'": text += "&#39;"
                case "\n", "\t", " "..."~": text.unicodeScalars.append(scalar)
                default:
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned,
                        .privateUse:
                        text += "\u{FFFD}"
                    default: text.unicodeScalars.append(scalar)
                    }
                }
            }
        }
    }
}

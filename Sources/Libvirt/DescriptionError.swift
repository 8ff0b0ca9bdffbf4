/// Why a value cannot be described to libvirt.
package enum DescriptionError: Error, Hashable, Sendable {
    /// A text holds a character that XML or libvirt would not keep as it is.
    case controlCharacter(place: String, value: UInt32)
    /// A number or list is out of bounds.
    case outOfBounds(what: String, value: String, rule: String)
}

extension DescriptionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .controlCharacter(let place, let value):
            "the machine cannot be described: \(place): it holds the control character "
                + "U+\(String(value, radix: 16, uppercase: true))"
        case .outOfBounds(let what, let value, let rule):
            "the machine cannot be described: \(what) is \(value): it must be \(rule)"
        }
    }
}

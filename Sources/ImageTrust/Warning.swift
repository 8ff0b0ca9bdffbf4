/// Something an operator should know of a list that is accepted all the same.
package struct Warning: Hashable, Sendable, Codable, CustomStringConvertible {
    /// A stable word for programs.
    package enum Name: String, Hashable, Sendable, Codable {
        /// The unsigned header names another digest than the signature.
        case AlgorithmMismatch
        /// The signature has no signed attributes, so no time of signing.
        case NoSignedAttributes
        /// The version is far ahead of the last one, and no lower one will be accepted again.
        case FastForward
        /// An image changed and kept its version.
        case ImageReplaced
    }

    package let name: Name
    package let message: String

    package init(_ name: Name, _ message: String) {
        self.name = name
        self.message = message
    }

    package var description: String { "\(name.rawValue): \(message)" }
}

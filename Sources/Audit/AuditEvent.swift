package import JSON

/// Something that the site may have to account for later.
package struct AuditEvent: Sendable {
    /// The spelling is part of the log's format.
    package enum Name: String, Sendable, CaseIterable {
        case admission, refusal, start, ready, notice, end, retention
        case image, list
        /// A machine that runs would not be admitted any more.
        case revocation
        /// An operator's verb.
        case action = "operator"
        /// Bytes at the end of the log that a writer which died has left; written by the log itself.
        case torn
        /// The first line of a file that goes on where another ended; written by the log itself.
        case continued
    }

    package var name: Name
    package var fields: [JSON.Member]

    package init(_ name: Name, _ fields: [JSON.Member] = []) {
        self.name = name
        self.fields = fields
    }

    /// Bytes kept of one text from a guest.
    static let untrustedLimit = 2048

    /// Text that came out of a guest: bounded, marked as such, and unable to break a line.
    package static func untrusted(_ text: String) -> JSON {
        var kept = ""
        for character in text.unicodeScalars {
            guard kept.utf8.count + 4 <= untrustedLimit else { break }
            kept.unicodeScalars.append(character)
        }
        return .object([JSON.Member("untrusted", .string(kept))])
    }
}

/// A file of `deny.d` that a program writes: one image, by its digest.
package struct DenialFile: Hashable, Sendable {
    /// The first line of the files that this program writes, and may remove.
    package static let marker = "# written by bivouac image deny; bivouac image allow removes it"

    /// The image's SHA-512 in lower-case hex.
    package let sha512: String

    package init(sha512: String) { self.sha512 = sha512 }

    /// Its name in `deny.d`; the same image has the same file.
    package var name: String { "image-\(sha512.prefix(48)).toml" }

    /// The content, which `Denial` reads back; nil for a reason that is no line of at most 500 bytes.
    package func text(reason: String) -> String? {
        guard Section.isLine(reason, limit: 500) else { return nil }
        let quoted = reason.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\(Self.marker)\nsha512 = [\"\(sha512)\"]\nreason = \"\(quoted)\"\n"
    }
}

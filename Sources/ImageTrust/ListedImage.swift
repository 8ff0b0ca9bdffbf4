package import Job

/// One element of `hv:images`: what it says, or why it is refused on its own.
package enum ListedImage: Hashable, Sendable {
    case accepted(ImageEntry)
    case refused(Refused)

    /// An image that is refused for what the list says of it.
    package struct Refused: Hashable, Sendable, Codable {
        /// Where it stands in the list, from 0.
        package let position: Int
        /// Its identifier, as far as it can be read.
        package let identifier: ImageIdentifier?
        /// Its title, as far as it can be read.
        package let title: String?
        package let refusal: Refusal

        package init(position: Int, identifier: ImageIdentifier?, title: String?, refusal: Refusal) {
            self.position = position
            self.identifier = identifier
            self.title = title
            self.refusal = refusal
        }
    }
}

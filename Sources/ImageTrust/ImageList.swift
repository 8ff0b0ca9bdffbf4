package import Job

/// A HEPiX image list, read strictly: what is wrong with the list refuses it, what is wrong with one image
/// refuses that image.
package struct ImageList: Hashable, Sendable {
    package let identifier: ImageIdentifier
    package let title: String
    package let description: String
    package let source: String
    package let version: ListVersion
    package let uri: ListURI
    package let created: Timestamp
    package let expires: Timestamp
    /// The virtual organisation that the AppDB writes into its lists (`ad:vo`).
    package let vo: String?
    /// Who stands in `hv:endorser`; several when it is an array.
    package let endorsers: [DeclaredEndorser]
    package let images: [ListedImage]

    /// The images that are not refused on their own.
    package var entries: [ImageEntry] {
        images.compactMap { if case .accepted(let entry) = $0 { entry } else { nil } }
    }
}

extension ImageList {
    /// The images that are refused on their own.
    package var refused: [ListedImage.Refused] {
        images.compactMap { if case .refused(let image) = $0 { image } else { nil } }
    }
}

package import Digest

/// What happens to an image in the store; the spelling is part of the audit log's format.
package enum ImageChange: String, Hashable, Sendable {
    /// Its bytes came and were verified.
    case fetched
    /// A shared store's copy is used, whose bytes were verified.
    case adopted
    /// It goes, and nothing needs it.
    case evicted
}

extension ImageStore {
    /// Hears what is about to happen to an image; when it throws, that does not happen.
    package typealias Announce = (ImageDigest, ImageChange) throws(ImageStoreError) -> Void
}

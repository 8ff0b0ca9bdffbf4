package import Digest

/// What a signed list says of one image's bytes, and where they can be had.
package struct ImageSource: Hashable, Sendable {
    /// SHA-512 of the bytes.
    package var digest: ImageDigest
    /// Length in bytes.
    package var size: Int64
    package var format: ImageFormat
    package var uri: String

    package init(digest: ImageDigest, size: Int64, format: ImageFormat, uri: String) {
        self.digest = digest
        self.size = size
        self.format = format
        self.uri = uri
    }
}

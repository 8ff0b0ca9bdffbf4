package import Digest
package import Job

/// What a signed list says of one image's bytes, and where they can be had.
package struct ImageSource: Hashable, Sendable {
    /// SHA-512 of the bytes.
    package var digest: ImageDigest
    /// Length in bytes.
    package var size: Int64
    package var format: ImageFormat
    package var uri: String
    /// Who is charged for it in the store; nobody when nil.
    package var claim: ImageClaim?

    package init(
        digest: ImageDigest, size: Int64, format: ImageFormat, uri: String, claim: ImageClaim? = nil
    ) {
        self.digest = digest
        self.size = size
        self.format = format
        self.uri = uri
        self.claim = claim
    }
}

package import Digest
package import Job

/// What a signed list says of one image's bytes, and where they can be had.
package struct ImageSource: Hashable, Sendable {
    /// SHA-512 of the bytes as they come, packing included.
    package var digest: ImageDigest
    /// Their length.
    package var size: Int64
    /// What is in the store in the end.
    package var format: ImageFormat
    package var packing: Packing
    package var uri: String
    /// Who is charged for it in the store; nobody when nil.
    package var claim: ImageClaim?

    package init(
        digest: ImageDigest, size: Int64, format: ImageFormat, packing: Packing = .plain, uri: String,
        claim: ImageClaim? = nil
    ) {
        self.digest = digest
        self.size = size
        self.format = format
        self.packing = packing
        self.uri = uri
        self.claim = claim
    }

    /// With `hv:format` as the list spells it; one that the store does not keep is refused.
    package init(digest: ImageDigest, size: Int64, declared: String?, uri: String) throws(ImageStoreError) {
        do throws(Refusal) {
            let (format, packing) = try ImageFormat.declared(declared)
            self.init(digest: digest, size: size, format: format, packing: packing, uri: uri)
        } catch {
            throw .refused(error)
        }
    }
}

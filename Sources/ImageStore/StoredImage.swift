package import Digest
package import Job
package import Unix

/// An image of the store as it was when its bytes were verified.
package struct StoredImage: Hashable, Sendable, Codable {
    /// SHA-512 of the bytes that came, by which lists name the image.
    package let digest: ImageDigest
    package let format: ImageFormat
    /// Length of the file in bytes.
    package let size: Int64
    /// Length of the disk that a guest sees, in bytes.
    package let virtualSize: Int64
    /// Where the bytes came from.
    package let uri: String
    package let fetched: Timestamp
    /// The file that was verified.
    package let identity: FileIdentity
    /// Who had it fetched.
    package var claim: ImageClaim?
    /// The fs-verity measurement of the file, as `sha256:HEX`; nil where the file system has none.
    package var verity: String?
    /// Where the file lies when the store has only looked at it: in a store that nodes share.
    package var shared: String?

    /// SHA-512 of the file, when what came was packed; nil when the file is what came.
    package var storedDigest: ImageDigest?

    private enum CodingKeys: String, CodingKey {
        case digest, format, size, virtualSize, uri, fetched, identity, claim, verity, shared
        case storedDigest = "stored_sha512"
    }

    /// SHA-512 of the file as it lies here.
    var fileDigest: ImageDigest { storedDigest ?? digest }

    /// What it takes in this store, in bytes.
    var held: Int64 { shared == nil ? size : 0 }

    /// What to call it in a message.
    var name: String { claim?.image.description ?? digest.short }
}

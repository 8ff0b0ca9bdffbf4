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
    /// SHA-512 of the file, when what came was packed; nil when the file is what came.
    package let storedDigest: ImageDigest?

    private enum CodingKeys: String, CodingKey {
        case digest, format, size, virtualSize, uri, fetched, identity
        case storedDigest = "stored_sha512"
    }
}

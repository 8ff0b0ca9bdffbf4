package import Job

/// An image list as it is published: S/MIME, detached signature, one signer.
///
/// Nothing is believed of it before `verify`.
package struct SignedMessage: Sendable {
    /// How long a list may be, unless the caller says otherwise.
    package static let usualLimit = 8 << 20

    let parts: MultipartSigned

    /// Takes the file apart; `limit` is its greatest length in bytes.
    package init(parsing bytes: consuming [UInt8], limit: Int = usualLimit) throws(Refusal) {
        guard bytes.count <= limit else {
            throw Refusal(.TooLarge, "the list is longer than \(limit) bytes")
        }
        parts = try MultipartSigned(parsing: consume bytes)
    }
}

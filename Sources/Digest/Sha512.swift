/// SHA-512 (FIPS 180-4) of bytes that come in pieces.
package struct Sha512: ~Copyable {
    private let context = DigestContext(.sha512)

    /// Begins with no bytes.
    package init() {}

    /// Takes the next bytes.
    package mutating func update(_ bytes: borrowing RawSpan) { context.update(bytes) }
    /// Takes the next bytes.
    package mutating func update(_ bytes: [UInt8]) { context.update(unsafe bytes.span.bytes) }

    /// The digest of all bytes.
    package consuming func finish() -> ImageDigest { ImageDigest(context.finish()) }

    /// The digest of these bytes.
    package static func digest(_ bytes: [UInt8]) -> ImageDigest {
        var hash = Sha512()
        hash.update(bytes)
        return hash.finish()
    }
}

/// SHA-512 (FIPS 180-4) of bytes that come in pieces.
package struct Sha512: ~Copyable {
    private let context = DigestContext(.sha512)

    package init() {}

    package mutating func update(_ bytes: borrowing RawSpan) { context.update(bytes) }
    package mutating func update(_ bytes: [UInt8]) { context.update(unsafe bytes.span.bytes) }

    package consuming func finish() -> ImageDigest { ImageDigest(context.finish()) }

    package static func digest(_ bytes: [UInt8]) -> ImageDigest {
        var hash = Sha512()
        hash.update(bytes)
        return hash.finish()
    }
}

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
package struct Sha256: ~Copyable {
    private let context = DigestContext(.sha256)

    /// Begins with no bytes.
    package init() {}

    /// Takes the next bytes.
    package mutating func update(_ bytes: borrowing RawSpan) { context.update(bytes) }
    /// Takes the next bytes.
    package mutating func update(_ bytes: [UInt8]) { context.update(unsafe bytes.span.bytes) }

    /// The 32 bytes of the digest.
    package consuming func finish() -> [UInt8] { context.finish() }

    /// 64 lower-case hexadecimal digits.
    package static func hex(_ bytes: [UInt8]) -> String {
        var hash = Sha256()
        hash.update(bytes)
        return Hexadecimal.text(hash.finish())
    }
}

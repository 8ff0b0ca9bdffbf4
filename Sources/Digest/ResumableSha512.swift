internal import COpenSSL

/// SHA-512 (FIPS 180-4) that can be interrupted, kept as bytes and taken up again by another process with the
/// same libcrypto.
package struct ResumableSha512: Sendable {
    private var state = SHA512_CTX()

    /// Begins with no bytes.
    ///
    /// The corresponding C function is `SHA512_Init`.
    package init() {
        let done = unsafe openssl_SHA512_Init(&state)
        precondition(done == 1, "SHA512_Init")
    }

    /// Takes up what `saved` gave; nil when that is of another libcrypto or no such thing.
    package init?(_ saved: String) {
        let parts = saved.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[0] == Self.library, let bytes = Hexadecimal.bytes(parts[1]),
            bytes.count == MemoryLayout<SHA512_CTX>.size
        else { return nil }
        unsafe withUnsafeMutableBytes(of: &state) { unsafe $0.copyBytes(from: bytes) }
        // Final relies on it.
        guard state.num < 128, state.md_len == 64 else { return nil }
    }

    /// Where the computation stands.
    package var saved: String {
        let bytes = unsafe withUnsafeBytes(of: state) { unsafe Array($0) }
        return Self.library + ":" + Hexadecimal.text(bytes)
    }

    private static var library: String { "\(OpenSSL_version_num())" }

    /// Takes the next bytes.
    ///
    /// The corresponding C function is `SHA512_Update`.
    package mutating func update(_ bytes: [UInt8]) {
        let done = unsafe bytes.withUnsafeBytes { buffer in
            unsafe openssl_SHA512_Update(&state, buffer.baseAddress, buffer.count)
        }
        precondition(done == 1, "SHA512_Update")
    }

    /// The digest of all bytes.
    ///
    /// The corresponding C function is `SHA512_Final`.
    package consuming func finish() -> ImageDigest {
        var digest = [UInt8](repeating: 0, count: 64)
        let done = unsafe openssl_SHA512_Final(&digest, &state)
        precondition(done == 1, "SHA512_Final")
        return ImageDigest(digest)
    }
}

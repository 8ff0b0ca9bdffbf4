/// Which digests a signature may use.
package enum DigestPolicy: Hashable, Sendable {
    /// SHA-256, SHA-384 and SHA-512.
    case sha2
    /// Those and SHA-1, for a list whose endorser has nothing better.
    case sha1AndSha2

    /// Whether a signature may be made over this digest.
    package func allows(_ algorithm: DigestAlgorithm) -> Bool {
        algorithm != .sha1 || self == .sha1AndSha2
    }
}

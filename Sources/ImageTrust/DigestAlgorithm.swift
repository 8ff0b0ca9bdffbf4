/// A message digest that may stand under a signature.
package enum DigestAlgorithm: String, Hashable, Sendable, Codable {
    case sha1, sha256, sha384, sha512

    /// Whether a `micalg` word of RFC 8551, or one of its usual spellings, means this algorithm.
    func isMeant(by word: String) -> Bool {
        word.filter { $0 != "-" && $0 != "\"" } == rawValue
    }
}

/// Which digests a signature may use.
package enum DigestPolicy: Hashable, Sendable {
    /// SHA-256, SHA-384 and SHA-512.
    case sha2
    /// Those and SHA-1, for a list whose endorser has nothing better.
    case sha1AndSha2

    package func allows(_ algorithm: DigestAlgorithm) -> Bool {
        algorithm != .sha1 || self == .sha1AndSha2
    }
}

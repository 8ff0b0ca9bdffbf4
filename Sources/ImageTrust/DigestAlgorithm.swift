/// A message digest that may stand under a signature.
package enum DigestAlgorithm: String, Hashable, Sendable, Codable {
    case sha1, sha256, sha384, sha512

    /// Whether a `micalg` word of RFC 8551, or one of its usual spellings, means this algorithm.
    func isMeant(by word: String) -> Bool {
        word.filter { $0 != "-" && $0 != "\"" } == rawValue
    }
}

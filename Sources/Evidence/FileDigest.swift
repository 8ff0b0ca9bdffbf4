/// One file of a machine's evidence as it was written.
package struct FileDigest: Codable, Hashable, Sendable {
    package var name: String
    /// Length in bytes.
    package var bytes: Int64
    /// SHA-256 in hex.
    package var sha256: String
}

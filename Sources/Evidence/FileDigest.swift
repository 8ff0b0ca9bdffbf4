/// One file of a machine's evidence as it was written.
package struct FileDigest: Codable, Hashable, Sendable {
    package let name: String
    /// Length in bytes.
    package let bytes: Int64
    /// SHA-256 in hex.
    package let sha256: String
    /// Whether it may hold whatever the job held, passwords and keys among it; nil is no.
    package let sensitive: Bool?

    package init(name: String, bytes: Int64, sha256: String) {
        self.name = name
        self.bytes = bytes
        self.sha256 = sha256
        sensitive = EvidenceStore.isSensitive(name) ? true : nil
    }
}

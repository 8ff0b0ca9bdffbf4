internal import FoundationEssentials
package import Job
internal import Unix

/// How the last fetch of a list went, beside the list; losing it costs one needless transfer.
package struct FetchState: Codable, Sendable {
    /// The spelling is part of the file's format.
    package enum Outcome: String, Codable, Sendable { case accepted, refused, unreachable }

    /// Where it was fetched from.
    package internal(set) var uri: String
    package internal(set) var outcome: Outcome
    /// Why it is not accepted.
    package internal(set) var failure: String?
    /// What the server called the version in force, whose file has this SHA-256.
    var entityTag: String?
    var lastModified: String?
    var sha256: String?
    /// SHA-256 of the last file that was refused.
    var refused: String?
    /// When that was, and before when `tick` leaves it alone.
    package internal(set) var attempted: Timestamp
    package internal(set) var next: Timestamp

    private static let limit = 1 << 16

    /// Nil where there is none that can be read.
    static func load(_ path: String) -> FetchState? {
        guard let bytes = try? Files.read(path, limit: limit) else { return nil }
        return try? JSONDecoder().decode(FetchState.self, from: Data(bytes))
    }

    func save(_ path: String) throws(UnixError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(self) else {
            throw UnixError("encode", UnixError.invalid, path)
        }
        try Files.write([UInt8](bytes), to: path, mode: 0o644)
    }
}

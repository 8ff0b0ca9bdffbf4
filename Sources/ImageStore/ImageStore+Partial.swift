package import Digest
package import Job
internal import Unix

extension ImageStore {
    /// Seconds for which what an interrupted fetch has left waits for the next one.
    private static let patience: Int64 = 86_400

    /// Whether a fetch of the image may still go on from what an earlier one has left.
    package func keepsPartial(_ digest: ImageDigest, at now: Timestamp) -> Bool {
        let new = incoming(digest)
        return [new.image, new.packed].contains { path in
            guard let status = try? Files.status(path), status.size > 0 else { return false }
            return status.modified / 1_000_000_000 + Self.patience > now.seconds
        }
    }
}

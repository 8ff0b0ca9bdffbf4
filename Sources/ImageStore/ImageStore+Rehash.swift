import Digest
import FoundationEssentials
package import Job
package import Unix

/// How far an image has been read again, from one slice to the next.
private struct RehashState: Codable {
    let digest: ImageDigest
    let identity: FileIdentity
    let offset: Int64
    /// When the last slice was read.
    let moment: Timestamp
    /// Of the digest's computation.
    let hash: String
}

extension ImageStore {
    /// What became of the image that was due.
    package enum Rehash: Hashable, Sendable {
        /// So many bytes of it have been read; more the next time.
        case begun(StoredImage, Int64)
        case good(StoredImage)
        /// It has been set aside.
        case damaged(StoredImage, Refusal)
    }

    /// Reads a slice of the image whose last reading lies furthest back, if that is longer ago than `interval`
    /// seconds; nil when none is due.
    ///
    /// At most `budget` bytes are read, and no more than there is time for; the next call goes on there, and not
    /// before it has to for all images to be read in half the interval, or ten minutes have passed. A copy in a
    /// shared store is not read: all of its nodes would.
    package func rehash(budget: Int64, every interval: Int64, at now: Timestamp, before deadline: Deadline)
        throws(ImageStoreError) -> Rehash?
    {
        let images = try list().filter { $0.shared == nil }
        let due = images.filter { now - lastVerified($0) > interval }
        guard let image = due.min(by: { lastVerified($0) < lastVerified($1) }) else { return nil }
        let slices = images.reduce(0) { $0 + 1 + $1.size / max(1, budget) }
        let last = images.map(lastVerified) + [rehashState?.moment].compactMap(\.self)
        // A clock that was set back holds up nothing.
        let pause = min(Self.longestPause, interval / (2 * slices))
        guard !last.contains(where: { (0..<pause).contains(now - $0) }) else { return nil }
        do throws(ImageStoreError) {
            return try rehash(open(image.digest), budget: budget, at: now, before: deadline)
        } catch {
            guard case .refused(let refusal) = error, refusal.name == .ChecksumMismatch else { throw error }
            return .damaged(image, refusal)
        }
    }

    private func rehash(
        _ opened: consuming VerifiedImage, budget: Int64, at now: Timestamp, before deadline: Deadline
    ) throws(ImageStoreError) -> Rehash {
        let image = opened.image
        var (hash, offset) = resumed(image) ?? (ResumableSha512(), 0)
        let end = offset + budget
        while offset < end, !deadline.isOver {
            let bytes = try read(opened, at: offset)
            if bytes.isEmpty {
                try conclude(hash, opened, at: now)
                return .good(image)
            }
            hash.update(bytes)
            offset += Int64(bytes.count)
        }
        let state = RehashState(
            digest: image.digest, identity: image.identity, offset: offset, moment: now, hash: hash.saved)
        try Self.files { () throws(UnixError) in
            guard let text = try? Self.encoder.encode(state) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.write([UInt8](text), to: rehashFile)
        }
        return .begun(image, offset)
    }

    private var rehashFile: String { directory + "/rehash.json" }

    /// Seconds between two slices, at most.
    private static let longestPause: Int64 = 600

    private var rehashState: RehashState? {
        guard let text = try? Files.read(rehashFile, limit: 1 << 16) else { return nil }
        return try? JSONDecoder().decode(RehashState.self, from: Data(text))
    }

    private func resumed(_ image: StoredImage) -> (ResumableSha512, Int64)? {
        guard let state = rehashState, state.digest == image.digest, state.identity == image.identity,
            let hash = ResumableSha512(state.hash)
        else { return nil }
        return (hash, state.offset)
    }

    private func conclude(
        _ hash: consuming ResumableSha512, _ opened: borrowing VerifiedImage, at now: Timestamp
    )
        throws(ImageStoreError)
    {
        try Self.files { () throws(UnixError) in _ = try Files.remove(rehashFile) }
        guard hash.finish() == opened.image.fileDigest else { throw try quarantine(opened.image) }
        markVerified(opened.image.digest, at: now)
    }
}

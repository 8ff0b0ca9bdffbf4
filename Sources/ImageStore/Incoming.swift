internal import Digest
internal import Unix

/// The bytes of an image as they come: on disk, hashed, and never more than the list says.
///
/// What is on disk is always the beginning of what has come, so that a later fetch can go on from there.
final class Incoming {
    let file: FileDescriptor
    private let size: Int64
    private var hash = Sha512()
    /// Bytes so far.
    private(set) var count: Int64 = 0
    /// Whether the bytes come from more than one place or time: then no single one is to blame for them.
    private(set) var isPieced = false

    /// Opens the file, which may hold what an earlier fetch has left.
    init(_ path: String, size: Int64) throws(UnixError) {
        file = try FileDescriptor.open(path, [.readWrite, .create, .noFollow], mode: 0o400)
        self.size = size
    }

    /// Takes up what is in the file.
    func resume() throws(UnixError) {
        guard try file.status().size <= size else { return try startOver() }
        var hash = Sha512()
        var count: Int64 = 0
        try file.pieces {
            hash.update($0)
            count += Int64($0.count)
        }
        swap(&self.hash, &hash)
        self.count = count
        isPieced = count > 0
    }

    /// Says that what comes next comes from another place.
    func turn() { isPieced = count > 0 }

    func startOver() throws(UnixError) {
        try file.truncate(to: 0)
        var hash = Sha512()
        swap(&self.hash, &hash)
        count = 0
        isPieced = false
    }

    /// Takes the bytes at a place: the next ones, or the first ones again; false when they are more than there
    /// may be.
    func take(_ bytes: [UInt8], at place: Int64) throws(UnixError) -> Bool {
        if place != count { try startOver() }
        guard Int64(bytes.count) <= size - count else { return false }
        hash.update(bytes)
        try file.writeSparsely(bytes, at: count)
        count += Int64(bytes.count)
        return true
    }

    /// Makes the file as long as what has come: zeros at its end are a hole.
    func settle() throws(UnixError) { try file.truncate(to: count) }

    var isComplete: Bool { count == size }

    /// The digest of all that has come; nothing can be taken after that but from the beginning.
    func digest() -> ImageDigest {
        var hash = Sha512()
        swap(&self.hash, &hash)
        return hash.finish()
    }
}

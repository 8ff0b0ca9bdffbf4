import Digest
import FoundationEssentials
import Job
import Unix

/// Room that is kept for an image which is on its way; it counts as long as somebody holds the image's lock.
struct Reservation: Codable {
    let digest: ImageDigest
    let size: Int64
    let claim: ImageClaim?
}

extension ImageStore {
    /// Beside the image's lock, without which it counts for nothing.
    private func room(_ digest: ImageDigest) -> String { "\(directory)/locks/\(digest)\(Self.roomEnding)" }
    private static let roomEnding = ".room"

    func reserve(_ reservation: Reservation) throws(ImageStoreError) {
        try Self.files { () throws(UnixError) in
            guard let text = try? JSONEncoder().encode(reservation) else {
                throw UnixError("encode", UnixError.invalid)
            }
            let file = try FileDescriptor.open(
                room(reservation.digest), [.write, .create, .truncate, .noFollow])
            try file.write([UInt8](text))
        }
    }

    /// Gives up the room; for who is done.
    func release(_ digest: ImageDigest) { _ = try? Files.remove(room(digest)) }

    /// Those of others whose images are not here yet; what a fetch that died has left is removed.
    ///
    /// The caller holds the lock of the store's space.
    func reservations(besides digest: ImageDigest) throws(ImageStoreError) -> [Reservation] {
        let names = try Self.files { () throws(UnixError) in try Files.names(in: directory + "/locks") }
        var found: [Reservation] = []
        for name in names where name.hasSuffix(Self.roomEnding) {
            guard let other = ImageDigest(name.dropLast(Self.roomEnding.count)), other != digest else {
                continue
            }
            let path = room(other)
            try Self.files { () throws(UnixError) in
                if let lock = try FileLock.tryAcquire("\(directory)/locks/\(other)") {
                    try Files.remove(path)
                    withExtendedLifetime(lock) {}
                } else if try Files.status(place(other).path) == nil,
                    let text = try? Files.read(path, limit: 1 << 16),
                    let reservation = try? JSONDecoder().decode(Reservation.self, from: Data(text))
                {
                    found.append(reservation)
                }
            }
        }
        return found
    }

    /// Bytes that a fetch in progress has put on disk already.
    func written(_ digest: ImageDigest) throws(ImageStoreError) -> Int64 {
        try Self.files { () throws(UnixError) in
            let new = place(digest).path + ".new"
            var sum: Int64 = 0
            for name in try Files.names(in: new) { sum += try Files.status("\(new)/\(name)")?.allocated ?? 0 }
            return sum
        }
    }
}

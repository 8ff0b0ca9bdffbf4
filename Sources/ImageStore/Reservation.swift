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
    private var reserved: String { directory + "/reserved" }

    func reserve(_ reservation: Reservation) throws(ImageStoreError) {
        try Self.files { () throws(UnixError) in
            guard let text = try? JSONEncoder().encode(reservation) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.makeDirectories(reserved, mode: 0o700)
            let file = try FileDescriptor.open(
                "\(reserved)/\(reservation.digest)", [.write, .create, .truncate, .noFollow])
            try file.write([UInt8](text))
        }
    }

    /// Those of others whose images are not here yet; what a fetch that died has left is removed.
    ///
    /// The caller holds the lock of the store's space.
    func reservations(besides digest: ImageDigest) throws(ImageStoreError) -> [Reservation] {
        let names = try Self.files { () throws(UnixError) in try Files.names(in: reserved) }
        var found: [Reservation] = []
        for name in names {
            guard let other = ImageDigest(name), other != digest else { continue }
            let path = "\(reserved)/\(name)"
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

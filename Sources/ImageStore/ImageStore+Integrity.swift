package import Digest
package import Job
import Unix

extension ImageStore {
    /// Makes a finished file read-only, durable and, where the file system can, unchangeable; nobody may have it
    /// open for writing any more.
    static func seal(_ path: String) throws(UnixError) -> (identity: FileIdentity, verity: String?) {
        let file = try FileDescriptor.open(path, [.read, .noFollow])
        try file.changeMode(0o400)
        let verity = try file.enableVerity() ? file.verity : nil
        try file.synchronize(path)
        return (FileIdentity(try file.status()), verity)
    }

    /// Reads all of an image again; one whose bytes are others is set aside and refused as ChecksumMismatch.
    ///
    /// `report` is told how many bytes of how many have been read.
    package func verify(
        _ digest: ImageDigest, at now: Timestamp? = nil, report: (Int64, Int64) -> Void = { _, _ in }
    ) throws(ImageStoreError) -> StoredImage {
        let opened = try open(digest)
        var hash = Sha512()
        var done: Int64 = 0
        while true {
            let offset = done
            let bytes = try read(opened, at: offset)
            if bytes.isEmpty { break }
            hash.update(bytes)
            done += Int64(bytes.count)
            report(done, opened.image.size)
        }
        guard hash.finish() == opened.image.fileDigest else { throw try quarantine(opened.image) }
        if let now { markVerified(digest, at: now) }
        return opened.image
    }

    /// A mebibyte of an image; what the disk or fs-verity does not give any more is damage too.
    func read(_ opened: borrowing VerifiedImage, at offset: Int64) throws(ImageStoreError) -> [UInt8] {
        do throws(UnixError) {
            return try opened.file.read(upTo: 1 << 20, at: offset)
        } catch {
            let image = opened.image
            guard image.shared == nil else { throw try unavailable(image, error) }
            guard error.code == UnixError.inputOutput else { throw .file(error) }
            throw try quarantine(image)
        }
    }

    func markVerified(_ digest: ImageDigest, at now: Timestamp) {
        try? Files.touch(place(digest).verified, at: now.seconds)
    }

    /// Takes an image out of use whose bytes are not what was verified, and says so.
    func quarantine(_ image: StoredImage) throws(ImageStoreError) -> ImageStoreError {
        if let shared = image.shared {
            try forget(image)
            return .refused(
                .ChecksumMismatch, "the shared copy \(shared) is damaged; this node uses it no more")
        }
        _ = try setAside(image)
        return .refused(
            .ChecksumMismatch,
            "the bytes of the image \(image.digest.short) changed on this node, or are lost; set aside")
    }

    /// Takes an image out of use and keeps it for whoever looks into it, in place of one that was damaged before.
    ///
    /// False when it has gone by now, or another was fetched in its place.
    func setAside(_ image: StoredImage) throws(ImageStoreError) -> Bool {
        let lock = try lock(image.digest, before: Deadline(seconds: 5))
        defer { withExtendedLifetime(lock) {} }
        guard try find(image.digest) == image else { return false }
        let target = "\(damaged)/\(image.digest)"
        try Self.files { () throws(UnixError) in
            try Files.makeDirectories(damaged, mode: 0o700)
            try Files.removeTree(target)
            try Files.rename(place(image.digest).path, to: target)
            try Files.synchronize(directory: directory)
        }
        return true
    }

    /// Digests of the images that are kept for a look because they were damaged.
    package func quarantined() throws(ImageStoreError) -> [ImageDigest] {
        try Self.files { () throws(UnixError) in try Files.names(in: damaged).compactMap { ImageDigest($0) } }
    }
}

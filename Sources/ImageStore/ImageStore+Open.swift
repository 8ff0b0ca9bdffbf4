package import Digest
package import Job
import Unix

extension ImageStore {
    /// Opens an image for a machine, in a time that does not depend on its size.
    ///
    /// A file that is not the one which was verified is set aside and refused as ChecksumMismatch; one that is
    /// missing is ImageUnavailable. Of a shared store only the memory of it is dropped: it is read again.
    package func open(_ digest: ImageDigest) throws(ImageStoreError) -> VerifiedImage {
        let place = place(digest)
        // All names below are taken from this one directory, so that an eviction that thinks better of it while
        // we look does not make an image seem damaged.
        guard
            let directory = try Self.ifThere({ () throws(UnixError) in try Self.open(directory: place.path) }
            ),
            let image = try Self.entry(of: digest, in: directory)
        else {
            throw .refused(.ImageUnavailable, "the image \(digest.short) is not on this node")
        }
        let path = image.shared ?? place.image
        do throws(UnixError) {
            let flags: FileDescriptor.Flags = [.read, .noFollow, .nonBlocking]
            let file =
                image.shared == nil
                ? try FileDescriptor.open("image", in: directory, flags)
                : try FileDescriptor.open(path, flags)
            let status = try file.status()
            if status.kind == .regular, FileIdentity(status) == image.identity,
                image.verity == nil || image.verity == file.verity
            {
                return VerifiedImage(image: image, path: path, file: file)
            }
        } catch {
            guard image.shared == nil else { throw try unavailable(image, error) }
            // A link in its place, or nothing.
            guard error.code == UnixError.loop || error.code == UnixError.noEntry else { throw .file(error) }
        }
        if image.shared != nil {
            try forget(image)
            throw .refused(
                .ImageUnavailable, "the shared copy of the image \(digest.short) is another file now")
        }
        guard try setAside(image) else {
            throw .refused(.ImageUnavailable, "the image \(digest.short) has just gone from this node")
        }
        throw .refused(
            .ChecksumMismatch,
            "the image \(digest.short) was changed on this node after it was verified; set aside")
    }

    /// Notes that a job starts from the image, so that others go first when room is needed.
    ///
    /// It is no promise: nothing waits for the disk, and an image that cannot be marked is used all the same.
    package func markUsed(_ digest: ImageDigest, at now: Timestamp) {
        try? Files.touch(place(digest).used, at: now.seconds)
    }

    /// When a job last started from the image, or it was fetched.
    package func lastUse(of image: StoredImage) -> Timestamp {
        Self.moment(place(image.digest).used).map { max($0, image.fetched) } ?? image.fetched
    }

    /// When all of the image was last read and found good.
    package func lastVerified(_ image: StoredImage) -> Timestamp {
        Self.moment(place(image.digest).verified).map { max($0, image.fetched) } ?? image.fetched
    }

    private static func moment(_ path: String) -> Timestamp? {
        (try? Files.status(path)).map { Timestamp(seconds: $0.modified / 1_000_000_000) }
    }
}

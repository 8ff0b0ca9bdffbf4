package import Digest
import FoundationEssentials
import Job
import Unix

/// A node's verified images, each in a directory named by the SHA-512 of its bytes.
///
/// A directory is there as a whole or not at all. Images are root's, read-only, and open to nobody else.
package struct ImageStore: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    func place(_ digest: ImageDigest) -> ImageDirectory { ImageDirectory(path: "\(directory)/\(digest)") }

    /// Where images go whose bytes are no longer what was verified; nothing boots from there.
    package var damaged: String { directory + "/damaged" }

    /// Where an image lies, or would.
    package func path(of digest: ImageDigest) -> String { place(digest).image }

    /// What was recorded of an image when it was verified; nil when it is not there.
    package func find(_ digest: ImageDigest) throws(ImageStoreError) -> StoredImage? {
        let entry = place(digest).entry
        let text = try Self.files { () throws(UnixError) -> [UInt8]? in
            guard try Files.status(entry) != nil else { return nil }
            return try Files.read(entry, limit: 1 << 16)
        }
        guard let text else { return nil }
        // What cannot be read is not known to be verified: as good as missing.
        guard let image = try? JSONDecoder().decode(StoredImage.self, from: Data(text)),
            image.digest == digest
        else {
            return nil
        }
        return image
    }

    /// All images, by digest.
    package func list() throws(ImageStoreError) -> [StoredImage] {
        let names = try Self.files { () throws(UnixError) in try Files.names(in: directory) }
        var images: [StoredImage] = []
        for name in names {
            guard let digest = ImageDigest(name), let image = try find(digest) else { continue }
            images.append(image)
        }
        return images
    }

    /// Opens an image for a machine, in a time that does not depend on its size.
    ///
    /// A file that is not the one which was verified is set aside and refused as ChecksumMismatch; one that is
    /// missing is ImageUnavailable.
    package func open(_ digest: ImageDigest) throws(ImageStoreError) -> VerifiedImage {
        guard let image = try find(digest) else {
            throw .refused(.ImageUnavailable, "the image \(digest.short) is not on this node")
        }
        let path = place(digest).image
        do throws(UnixError) {
            let file = try FileDescriptor.open(path, [.read, .noFollow, .nonBlocking])
            let status = try file.status()
            if status.kind == .regular, FileIdentity(status) == image.identity {
                return VerifiedImage(image: image, path: path, file: file)
            }
        } catch {
            // A link in its place, or nothing.
            guard error.code == UnixError.loop || error.code == UnixError.noEntry else { throw .file(error) }
        }
        try setAside(digest)
        throw .refused(
            .ChecksumMismatch,
            "the image \(digest.short) was changed on this node after it was verified; set aside")
    }

    /// Reads all of an image again; one whose bytes are others is set aside and refused as ChecksumMismatch.
    package func verify(_ digest: ImageDigest) throws(ImageStoreError) -> StoredImage {
        let opened = try open(digest)
        var hash = Sha512()
        try Self.files { () throws(UnixError) in try opened.file.pieces { hash.update($0) } }
        guard hash.finish() == opened.image.storedDigest ?? digest else {
            try setAside(digest)
            throw .refused(
                .ChecksumMismatch, "the bytes of the image \(digest.short) changed on this node; set aside")
        }
        return opened.image
    }

    /// Takes an image out of use and keeps it for whoever looks into it, in place of one that was damaged before.
    private func setAside(_ digest: ImageDigest) throws(ImageStoreError) {
        let target = "\(damaged)/\(digest)"
        do throws(UnixError) {
            try Files.makeDirectories(damaged, mode: 0o700)
            try Files.removeTree(target)
            try Files.rename(place(digest).path, to: target)
            try Files.synchronize(directory: directory)
        } catch {
            // Another process that noticed the same was first.
            guard error.code == UnixError.noEntry else { throw .file(error) }
        }
    }

    static func files<Result: ~Copyable>(_ body: () throws(UnixError) -> Result) throws(ImageStoreError)
        -> Result
    {
        do throws(UnixError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

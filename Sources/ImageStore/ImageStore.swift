package import Digest
import FoundationEssentials
package import Job
import Unix

/// A node's verified images, each in a directory named by the SHA-512 of its bytes.
///
/// A directory is there as a whole or not at all. Images are root's, read-only, and open to nobody else.
package struct ImageStore: Sendable {
    package let directory: String
    /// A directory laid out like this one that nodes share: looked into when an image is not here, never
    /// locked and never written to.
    package let shared: String?
    /// What may be stored for whom.
    package let quota: ImageQuota

    package init(directory: String, shared: String? = nil, quota: ImageQuota = ImageQuota()) {
        self.directory = directory
        self.shared = shared
        self.quota = quota
    }

    func place(_ digest: ImageDigest) -> ImageDirectory { ImageDirectory(path: "\(directory)/\(digest)") }

    /// Where images go whose bytes are no longer what was verified; nothing boots from there.
    package var damaged: String { directory + "/damaged" }

    /// Where an image lies, or would, in this store itself.
    package func path(of digest: ImageDigest) -> String { place(digest).image }

    /// What was recorded of an image when it was verified; nil when it is not there.
    package func find(_ digest: ImageDigest) throws(ImageStoreError) -> StoredImage? {
        let path = place(digest).path
        guard let directory = try Self.ifThere({ () throws(UnixError) in try Self.open(directory: path) })
        else { return nil }
        return try Self.entry(of: digest, in: directory)
    }

    /// The entry in an open directory, which may have been moved meanwhile.
    static func entry(of digest: ImageDigest, in directory: borrowing FileDescriptor) throws(ImageStoreError)
        -> StoredImage?
    {
        let text = try ifThere { () throws(UnixError) in
            try FileDescriptor.open("entry.json", in: directory, [.read, .noFollow]).readAll(limit: 1 << 16)
        }
        // What cannot be read is not known to be verified: as good as missing.
        guard let text, let image = try? JSONDecoder().decode(StoredImage.self, from: Data(text)),
            image.digest == digest
        else { return nil }
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

    static func open(directory path: String) throws(UnixError) -> FileDescriptor {
        try FileDescriptor.open(path, [.read, .directory, .noFollow])
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

    /// Nil where there is no such file.
    static func ifThere<Result: ~Copyable>(_ body: () throws(UnixError) -> Result) throws(ImageStoreError)
        -> Result?
    {
        do throws(UnixError) {
            return try body()
        } catch {
            if error.code == UnixError.noEntry { return nil }
            throw .file(error)
        }
    }
}

import Digest
import FoundationEssentials
package import Job
package import Unix

extension ImageStore {
    /// Room that a fetch leaves on the file system, for overlays and records of running machines.
    static let reserve: Int64 = 64 << 20

    /// The image of the source, fetched and verified when it is not here yet.
    ///
    /// However many ask for one image, one fetches; the others wait until the deadline. Nothing is to be seen of
    /// an image before all its bytes are here, verified and durable. `needed` names the images that must stay
    /// when others have to go for this one to fit under the limit; it is asked only then.
    package func fetch(
        _ source: ImageSource, limit: ByteCount, now: Timestamp, before deadline: Deadline,
        needed: Needed
    ) throws(ImageStoreError) -> StoredImage {
        if let image = try find(source.digest) { return image }
        let lock = try lock(source.digest, before: deadline)
        defer { withExtendedLifetime(lock) {} }
        if let image = try find(source.digest) { return image }
        if let image = try adopt(source, at: now, before: deadline) { return image }
        let input = try Self.input(source.uri)
        try makeRoom(for: source.size, of: source, limit: limit, before: deadline, needed: needed)
        return try take(source, from: input, now: now, before: deadline)
    }

    func lock(_ digest: ImageDigest, before deadline: Deadline) throws(ImageStoreError) -> FileLock {
        let locks = directory + "/locks"
        do throws(UnixError) {
            try Files.makeDirectories(Files.parent(directory), mode: 0o755)
            try Files.makeDirectories(locks, mode: 0o700)
            return try FileLock.acquire("\(locks)/\(digest)", before: deadline)
        } catch {
            throw error.code == UnixError.timedOut ? .busy(digest) : .file(error)
        }
    }

    private static func input(_ uri: String) throws(ImageStoreError) -> FileDescriptor {
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        guard scheme != "http", scheme != "https" else {
            throw .refused(
                .ImageUnavailable,
                "images are not fetched by \(scheme) yet: fetch \(uri) yourself and give its place as a file:// URI"
            )
        }
        guard let path = FileURI(uri)?.path else { throw .refused(.BadURI, "no file of this node: \(uri)") }
        do throws(UnixError) {
            let file = try FileDescriptor.open(path, [.read, .nonBlocking])
            guard try file.status().kind == .regular else { throw UnixError("open", UnixError.invalid, path) }
            return file
        } catch {
            throw .refused(.ImageUnavailable, "the image cannot be read: \(error)")
        }
    }

    private func take(
        _ source: ImageSource, from input: borrowing FileDescriptor, now: Timestamp, before deadline: Deadline
    ) throws(ImageStoreError) -> StoredImage {
        let final = place(source.digest)
        let new = ImageDirectory(path: final.path + ".new")
        try Self.files { () throws(UnixError) in
            try Files.removeTree(new.path)
            // An entry that could not be read does not stand in the way.
            try Files.removeTree(final.path)
            try Files.makeDirectory(new.path, mode: 0o700)
        }
        do throws(ImageStoreError) {
            let image = try write(source, from: input, to: new, now: now, before: deadline)
            try Self.files { () throws(UnixError) in
                try Files.rename(new.path, to: final.path)
                try Files.synchronize(directory: directory)
            }
            return image
        } catch {
            _ = try? Files.removeTree(new.path)
            throw error
        }
    }

    private func write(
        _ source: ImageSource, from input: borrowing FileDescriptor, to new: ImageDirectory, now: Timestamp,
        before deadline: Deadline
    ) throws(ImageStoreError) -> StoredImage {
        let file = try Self.files { () throws(UnixError) in
            try FileDescriptor.open(new.image, [.readWrite, .create, .exclusive, .noFollow], mode: 0o400)
        }
        try Self.copy(source, from: input, to: file, before: deadline)
        let virtualSize = try Self.virtualSize(of: file, source)
        _ = consume file
        return try Self.files { () throws(UnixError) in
            let (identity, verity) = try Self.seal(new.image)
            let image = StoredImage(
                digest: source.digest, format: source.format, size: source.size, virtualSize: virtualSize,
                uri: source.uri, fetched: now, identity: identity, claim: source.claim, verity: verity)
            guard let entry = try? Self.encoder.encode(image) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.write([UInt8](entry), to: new.entry)
            return image
        }
    }

    /// The length of the disk in a file, which is refused when it is not what it is declared to be.
    static func virtualSize(of file: borrowing FileDescriptor, _ source: ImageSource) throws(ImageStoreError)
        -> Int64
    {
        switch source.format {
        case .raw: try RawInspection.virtualSize(of: file, size: source.size)
        case .qcow2: try QcowInspection.virtualSize(of: file, size: source.size)
        }
    }

    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return encoder
    }

    /// Copies and hashes in one pass, and stops as soon as there are more bytes than the list says.
    private static func copy(
        _ source: ImageSource, from input: borrowing FileDescriptor, to file: borrowing FileDescriptor,
        before deadline: Deadline
    ) throws(ImageStoreError) {
        var hash = Sha512()
        var count: Int64 = 0
        while true {
            let bytes = try files { () throws(UnixError) in try input.read(upTo: 1 << 20) }
            if bytes.isEmpty { break }
            let start = count
            count += Int64(bytes.count)
            guard count <= source.size else {
                throw .refused(
                    .TooLarge, "the image has more than the \(source.size) bytes that the list says")
            }
            hash.update(bytes)
            try files { () throws(UnixError) in try file.writeSparsely(bytes, at: start) }
            guard !deadline.isOver else { throw .busy(source.digest) }
        }
        try files { () throws(UnixError) in try file.truncate(to: count) }
        guard count == source.size else {
            throw .refused(.SizeMismatch, "the image has \(count) bytes, \(source.size) by the list")
        }
        guard hash.finish() == source.digest else {
            throw .refused(.ChecksumMismatch, "the image's SHA-512 is not the one in the list")
        }
    }
}

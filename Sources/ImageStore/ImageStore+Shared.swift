import Digest
import FoundationEssentials
import Job
import Unix

extension ImageStore {
    /// The image of a shared store, when that has it and its bytes are right; nil when it is to be had elsewhere.
    ///
    /// The bytes are read once on each node, since whoever fills that store is not this node's root; then the
    /// file's identity is remembered here. Of the shared store only the image file is looked at. The caller
    /// holds the image's lock.
    func adopt(
        _ source: ImageSource, at now: Timestamp, before deadline: Deadline, announce: Announce
    ) throws(ImageStoreError) -> StoredImage? {
        // Of what was unpacked there, nobody but that node has seen the bytes that the list speaks of.
        guard let shared, source.packing == .plain else { return nil }
        let path = ImageDirectory(path: "\(shared)/\(source.digest)").image
        let opened = try? FileDescriptor.open(path, [.read, .noFollow, .nonBlocking])
        guard let file = opened, let before = try? file.status() else { return nil }
        guard before.kind == .regular, before.size == source.size,
            try isGood(file, source, before: deadline), let after = try? file.status(),
            FileIdentity(before) == FileIdentity(after)
        else {
            SystemLog.write(
                .warning,
                "\(path) is not the image that it is named after, or cannot be read, and is not used")
            return nil
        }
        let image = StoredImage(
            digest: source.digest, format: source.format, size: source.size,
            virtualSize: try Self.virtualSize(of: file, source.format, size: source.size), uri: source.uri,
            fetched: now,
            identity: FileIdentity(after), claim: source.claim, verity: nil, shared: path)
        try announce(source.digest, .adopted)
        let place = place(source.digest)
        try Self.files { () throws(UnixError) in
            try Files.removeTree(place.path)
            try Files.makeDirectory(place.path, mode: 0o700)
        }
        try Self.files { () throws(UnixError) in
            guard let entry = try? Self.encoder.encode(image) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.write([UInt8](entry), to: place.entry)
        }
        return image
    }

    private func isGood(_ file: borrowing FileDescriptor, _ source: ImageSource, before deadline: Deadline)
        throws(ImageStoreError) -> Bool
    {
        var hash = Sha512()
        var count: Int64 = 0
        while count <= source.size {
            guard !deadline.isOver else { throw .busy(source.digest) }
            guard let bytes = try? file.read(upTo: 1 << 20, at: count) else { return false }
            if bytes.isEmpty { break }
            hash.update(bytes)
            count += Int64(bytes.count)
        }
        let digest = hash.finish()
        return count == source.size && digest == source.digest
    }

    /// Forgets a file in the shared store that cannot be opened or read: whoever needs the image has it from elsewhere.
    func unavailable(_ image: StoredImage, _ error: UnixError) throws(ImageStoreError) -> ImageStoreError {
        try forget(image)
        return .refused(
            .ImageUnavailable, "the shared copy of the image \(image.digest.short) cannot be read: \(error)")
    }

    /// Drops what is remembered of a file in the shared store, unless another took its place by now.
    func forget(_ image: StoredImage) throws(ImageStoreError) {
        let lock = try lock(image.digest, before: Deadline(seconds: 5))
        defer { withExtendedLifetime(lock) {} }
        guard try find(image.digest) == image else { return }
        try Self.files { () throws(UnixError) in try Files.removeTree(place(image.digest).path) }
    }
}

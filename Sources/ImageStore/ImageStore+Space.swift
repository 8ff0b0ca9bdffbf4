package import Digest
package import Job
package import Unix

extension ImageStore {
    /// Removes an image, unless it is among those that are needed; a machine that runs from it keeps running.
    package func evict(_ digest: ImageDigest, needed: Set<ImageDigest>, before deadline: Deadline)
        throws(ImageStoreError)
    {
        guard !needed.contains(digest) else { throw .inUse(digest) }
        let lock = try lock(digest, before: deadline)
        defer { withExtendedLifetime(lock) {} }
        try remove(digest)
    }

    /// Removes what fetches and evictions that died have left; what is being worked on stays, and for a day what
    /// a fetch can go on from.
    package func sweep(at now: Timestamp) throws(ImageStoreError) {
        try Self.files { () throws(UnixError) in
            for name in try Files.names(in: directory) where name.hasSuffix(".new") || name.hasSuffix(".old")
            {
                guard let digest = ImageDigest(name.dropLast(4)),
                    !(name.hasSuffix(".new") && keepsPartial(digest, at: now)),
                    let lock = try FileLock.tryAcquire("\(directory)/locks/\(digest)")
                else { continue }
                try Files.removeTree("\(directory)/\(name)")
                withExtendedLifetime(lock) {}
            }
        }
    }

    /// Makes an image invisible at once, then removes it.
    private func remove(_ digest: ImageDigest) throws(ImageStoreError) {
        let path = place(digest).path
        try Self.files { () throws(UnixError) in
            guard try Files.status(path) != nil else { return }
            let old = path + ".old"
            try Files.removeTree(old)
            try Files.rename(path, to: old)
            try Files.removeTree(old)
            try Files.synchronize(directory: directory)
        }
    }

    /// Lets images go that nothing needs, the ones fetched first before the others, until a new one fits, of which
    /// so many bytes are on the disk already.
    func makeRoom(
        for size: Int64, present: Int64, limit: ByteCount,
        needed: () throws(ImageStoreError) -> Set<ImageDigest>
    ) throws(ImageStoreError) {
        let images = try list().sorted { $0.fetched < $1.fetched }
        var held = images.reduce(0) { $0 + $1.size }
        if held + size > limit.bytes {
            let needed = try needed()
            for image in images where held + size > limit.bytes && !needed.contains(image.digest) {
                try remove(image.digest)
                held -= image.size
            }
        }
        guard held + size <= limit.bytes else { throw .full(needed: size, limit: limit.bytes, held: held) }
        let free = try Self.files { () throws(UnixError) in try Files.freeSpace(directory) }
        guard free - Self.reserve >= size - present else {
            throw .noSpace(needed: size, free: free, path: directory)
        }
    }
}

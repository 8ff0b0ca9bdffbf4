package import Digest
package import Job
package import Unix

extension ImageStore {
    /// Finds out what must stay; asked again for each image that is about to go.
    package typealias Needed = () throws(ImageStoreError) -> ImageNeeds

    /// Removes an image, unless something needs it; a machine that runs from it would keep running.
    package func evict(
        _ digest: ImageDigest, before deadline: Deadline, announce: Announce = { _, _ in }, needed: Needed
    ) throws(ImageStoreError) {
        let lock = try lock(digest, before: deadline)
        defer { withExtendedLifetime(lock) {} }
        let needs = try needs(needed)
        guard !needs.contains(digest) else { throw .inUse(digest, needs.why(digest)) }
        guard try withdraw(digest, announce, needed) else {
            throw .inUse(digest, try self.needs(needed).why(digest))
        }
    }

    /// What `needed` says and what is pinned.
    func needs(_ needed: Needed) throws(ImageStoreError) -> ImageNeeds {
        var needs = try needed()
        for (digest, pin) in try pins() { needs.add(digest, because: pin.description) }
        return needs
    }

    /// Takes an image out of sight, asks once more who needs it, and then removes it or puts it back; false when
    /// it is back.
    ///
    /// The caller holds the image's lock. A job says in its record which image it needs before it looks for it. So
    /// either it is seen here, or it finds the image gone, and waits for the lock to fetch it.
    private func withdraw(_ digest: ImageDigest, _ announce: Announce, _ needed: Needed)
        throws(ImageStoreError) -> Bool
    {
        let place = place(digest)
        try Self.files { () throws(UnixError) in
            guard try Files.status(place.path) != nil else { return }
            try Files.removeTree(place.withdrawn)
            try Files.rename(place.path, to: place.withdrawn)
        }
        return try conclude(digest, announce, needed)
    }

    /// Ends what `withdraw` began.
    private func conclude(_ digest: ImageDigest, _ announce: Announce, _ needed: Needed)
        throws(ImageStoreError) -> Bool
    {
        let place = place(digest)
        let stays: Result<Bool, ImageStoreError> = Result { () throws(ImageStoreError) in
            if try needs(needed).contains(digest) { return true }
            try announce(digest, .evicted)
            return false
        }
        if case .success(false) = stays {
            try Self.files { () throws(UnixError) in
                try Files.removeTree(place.withdrawn)
                try Files.synchronize(directory: directory)
            }
            return true
        }
        try Self.files { () throws(UnixError) in
            guard try Files.status(place.withdrawn) != nil else { return }
            // One that was fetched since is as good.
            if try Files.status(place.path) == nil {
                try Files.rename(place.withdrawn, to: place.path)
            } else {
                try Files.removeTree(place.withdrawn)
            }
        }
        _ = try stays.get()
        return false
    }

    /// Makes sure that a new image fits under every bound, and keeps the room for it until it is there.
    ///
    /// Images that nothing needs go, the one that was not used for the longest time first; none goes in vain.
    /// The caller holds the new image's lock as long as it writes; asked again, the new size counts.
    func makeRoom(
        for size: Int64, of source: ImageSource, limit: ByteCount, before deadline: Deadline,
        announce: Announce = { _, _ in }, needed: Needed
    ) throws(ImageStoreError) {
        let space = try lockSpace(for: source.digest, before: deadline)
        defer { withExtendedLifetime(space) {} }
        let new = Reservation(digest: source.digest, size: size, claim: source.claim)
        var plan = try EvictionPlan(for: new, in: self, limit: limit)
        if plan.mustEvict {
            var busy: Set<ImageDigest> = []
            repeat {
                let victims = try plan.victims(needs: try needs(needed), busy: busy)
                for victim in victims where try !evictIfIdle(victim, announce, needed) { busy.insert(victim) }
                plan = try EvictionPlan(for: new, in: self, limit: limit)
            } while plan.mustEvict
        }
        try reserve(new)
    }

    private func lockSpace(for digest: ImageDigest, before deadline: Deadline) throws(ImageStoreError)
        -> FileLock
    {
        do throws(UnixError) {
            return try FileLock.acquire(directory + "/locks/space", before: deadline)
        } catch {
            throw error.code == UnixError.timedOut ? .busy(digest) : .file(error)
        }
    }

    /// False when it stays: somebody is at work on it, or needs it after all.
    private func evictIfIdle(_ digest: ImageDigest, _ announce: Announce, _ needed: Needed)
        throws(ImageStoreError) -> Bool
    {
        let lock = try Self.files { () throws(UnixError) in
            try FileLock.tryAcquire("\(directory)/locks/\(digest)")
        }
        guard let lock else { return false }
        defer { withExtendedLifetime(lock) {} }
        return try withdraw(digest, announce, needed)
    }

    /// Removes what fetches and evictions that died have left; what is being worked on stays, and for a day what
    /// a fetch can go on from.
    package func sweep(at now: Timestamp, announce: Announce = { _, _ in }, needed: Needed)
        throws(ImageStoreError)
    {
        let names = try Self.files { () throws(UnixError) in try Files.names(in: directory) }
        for name in names where name.hasSuffix(".new") || name.hasSuffix(".old") {
            guard let digest = ImageDigest(name.dropLast(4)),
                !(name.hasSuffix(".new") && keepsPartial(digest, at: now))
            else { continue }
            let lock = try Self.files { () throws(UnixError) in
                try FileLock.tryAcquire("\(directory)/locks/\(digest)")
            }
            guard let lock else { continue }
            defer { withExtendedLifetime(lock) {} }
            if name.hasSuffix(".old") {
                _ = try conclude(digest, announce, needed)
            } else {
                try Self.files { () throws(UnixError) in try Files.removeTree("\(directory)/\(name)") }
            }
        }
    }
}

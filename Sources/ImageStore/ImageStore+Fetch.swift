package import Digest
internal import FoundationEssentials
package import Job
package import Unix

extension ImageStore {
    /// Room that a fetch or a start leaves on the file system, for overlays and records of running machines.
    package static let reserve: Int64 = 64 << 20

    /// The image of the source, fetched and verified when it is not here yet.
    ///
    /// However many ask for one image, one fetches; the others wait until the deadline and take over when it
    /// dies. Nothing is to be seen of an image before all its bytes are here, verified and durable; what a fetch
    /// that was interrupted has left is where the next one goes on. `needed` names the images that must stay
    /// when others have to go for this one to fit under the limit; it is asked only then. `announce` hears of
    /// this image before it can be used, and of those that go.
    package func fetch(
        _ source: ImageSource, limit: ByteCount, now: Timestamp, before deadline: Deadline,
        by rules: TransferRules, report: (FetchEvent) -> Void = { _ in },
        announce: (ImageDigest, ImageChange) throws(ImageStoreError) -> Void = { _, _ in }, needed: Needed
    ) throws(ImageStoreError) -> StoredImage {
        if let image = try find(source.digest) { return image }
        let lock = try lock(source, before: deadline, report: report)
        defer { withExtendedLifetime(lock) {} }
        if let image = try find(source.digest) { return image }
        if let image = try adopt(source, at: now, before: deadline, announce: announce) { return image }
        defer { release(source.digest) }
        let new = incoming(source.digest)
        do throws(ImageStoreError) {
            try receive(
                source, new, limit: limit, before: deadline, by: rules, report: report, announce: announce,
                needed: needed)
            return try settle(
                source, in: new, limit: limit, now: now, before: deadline, by: rules, report: report,
                announce: announce, needed: needed)
        } catch {
            let error = explained(error, source)
            if !canGoOn(after: error, source, new) { _ = try? Files.removeTree(new.path) }
            throw error
        }
    }

    /// Where an image lies while it is on its way.
    func incoming(_ digest: ImageDigest) -> ImageDirectory {
        ImageDirectory(path: place(digest).path + ".new")
    }

    /// Waits for whoever is at the image.
    private func lock(_ source: ImageSource, before deadline: Deadline, report: (FetchEvent) -> Void)
        throws(ImageStoreError) -> FileLock
    {
        let new = incoming(source.digest)
        var told: Int64?
        while true {
            // The one word of who waits is worth a second of patience, not a busy disk.
            let patience = deadline.orSooner(seconds: told == nil ? 0 : 1)
            do throws(ImageStoreError) {
                return try lock(source.digest, before: patience)
            } catch {
                guard error == .busy(source.digest), !deadline.isOver else { throw error }
            }
            let have = try? Files.status(new.body(source.packing))?.size
            if told != have ?? 0 {
                report(.waiting(for: Holder.read(new.holder), have: have ?? 0, of: source.size))
            }
            told = have ?? 0
        }
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

    /// Brings the bytes as they come; no file is open for writing when they are here.
    private func receive(
        _ source: ImageSource, _ new: ImageDirectory, limit: ByteCount, before deadline: Deadline,
        by rules: TransferRules, report: (FetchEvent) -> Void, announce: Announce, needed: Needed
    ) throws(ImageStoreError) {
        let body = try prepare(source, new, for: rules.purpose, report: report)
        try makeRoom(
            for: source.size, of: source, limit: limit, before: deadline, announce: announce, needed: needed)
        try Delivery(source: source, rules: rules, deadline: deadline).bring(into: body, report: report)
    }

    /// Makes ready to receive, from where an earlier fetch has got to.
    private func prepare(
        _ source: ImageSource, _ new: ImageDirectory, for purpose: String, report: (FetchEvent) -> Void
    ) throws(ImageStoreError) -> Incoming {
        try Self.files { () throws(UnixError) in
            // An entry that could not be read does not stand in the way.
            try Files.removeTree(place(source.digest).path)
            try Files.makeDirectory(new.path, mode: 0o700)
            let path = new.body(source.packing)
            for name in try Files.names(in: new.path) where "\(new.path)/\(name)" != path {
                try Files.removeTree("\(new.path)/\(name)")
            }
            try Holder(purpose: purpose).write(to: new.holder)
            let body = try Incoming(path, size: source.size)
            let have = try body.file.status().size
            if have > 0 { report(.resuming(have: have, of: source.size)) }
            try body.resume()
            return body
        }
    }

    /// A full disk is told as such.
    private func explained(_ error: ImageStoreError, _ source: ImageSource) -> ImageStoreError {
        guard case .file(let cause) = error,
            [UnixError.noSpace, UnixError.quotaExceeded].contains(cause.code)
        else { return error }
        let free = (try? Files.freeSpace(directory)) ?? 0
        return .full(
            SpaceShortage(needed: source.size, bound: .fileSystem(directory), limit: free, holders: []))
    }

    /// Whether what has come is of use to the next fetch.
    private func canGoOn(
        after error: ImageStoreError, _ source: ImageSource, _ new: ImageDirectory
    ) -> Bool {
        switch error {
        case .late, .unpacker: break
        case .refused(let refusal) where refusal.name == .ImageUnavailable: break
        default: return false
        }
        guard let status = try? Files.status(new.body(source.packing)), status.size > 0 else { return false }
        for path in [new.holder, new.disk, new.converted] { _ = try? Files.remove(path) }
        return true
    }
}

internal import Audit
package import Digest
package import ImageStore
internal import ImageTrust
internal import JSON
package import Job
package import Policy
package import Site
package import Unix

/// The images of this node, as jobs, `tick` and operators use them.
package struct NodeImages {
    let site: Site
    let places: Places
    let clock: () -> Timestamp

    package init(site: Site, places: Places, clock: @escaping () -> Timestamp) {
        self.site = site
        self.places = places
        self.clock = clock
    }

    /// The store, with the site's quotas and the store that its nodes share.
    package var store: ImageStore {
        ImageStore(directory: places.images, shared: site.store.shared, quota: site.store.quota)
    }

    /// What must stay, without what is pinned.
    package func needs() throws(ImageStoreError) -> ImageNeeds { try NeededImages.on(places) }

    /// Fetches and verifies an image, if this node lacks it; `more` has to stay besides what is needed, and
    /// `purpose` is what those are told who wait for the same image.
    package func fetch(
        _ source: ImageSource, before deadline: Deadline, for purpose: String,
        keeping more: ImageNeeds = ImageNeeds(), report: (FetchEvent) -> Void = { _ in }
    ) throws(ImageStoreError) -> StoredImage {
        try store.fetch(
            source, limit: site.store.limit, now: clock(), before: deadline,
            by: TransferRules(site, purpose: purpose), report: report,
            announce: { (digest, change) throws(ImageStoreError) in
                try tell(digest, change.rawValue, [.init("for", .string(purpose))])
            }, needed: { () throws(ImageStoreError) in try needs().union(more) })
    }

    /// Removes an image, unless something needs it; `announce` hears of it before.
    package func evict(_ digest: ImageDigest, before deadline: Deadline, announce: ImageStore.Announce)
        throws(ImageStoreError)
    {
        try store.evict(digest, before: deadline, announce: announce, needed: needs)
    }

    /// Removes what fetches and evictions that died have left.
    package func sweep() throws(ImageStoreError) {
        try store.sweep(
            at: clock(),
            announce: { (digest, change) throws(ImageStoreError) in try tell(digest, change.rawValue) },
            needed: needs)
    }

    /// The image's file for a machine that starts now; one that was damaged here is set aside, told, and fetched
    /// anew.
    package func obtain(_ source: ImageSource, before deadline: Deadline, for purpose: String)
        throws(ImageStoreError) -> VerifiedImage
    {
        let image = try store.obtain(
            source,
            damaged: { (refusal) throws(ImageStoreError) in try tellDamage(source.digest, refusal) },
            fetch: { () throws(ImageStoreError) in
                _ = try fetch(source, before: deadline, for: purpose)
            })
        store.markUsed(source.digest, at: clock())
        return image
    }

    /// Reads all of an image again; damage is told in the audit log.
    package func verify(_ digest: ImageDigest, report: (Int64, Int64) -> Void) throws(ImageStoreError)
        -> StoredImage
    {
        do throws(ImageStoreError) {
            return try store.verify(digest, at: clock(), report: report)
        } catch {
            if case .refused(let refusal) = error, refusal.name == .ChecksumMismatch {
                try tellDamage(digest, refusal)
            }
            throw error
        }
    }

    /// Reads a slice of the image that is due; a line for what came of it, nil while it goes on.
    package func rehash(budget: ByteCount, before deadline: Deadline) throws(ImageStoreError) -> String? {
        guard site.store.verify > 0 else { return nil }
        let outcome = try store.rehash(
            budget: budget.bytes, every: site.store.verify, at: clock(), before: deadline)
        switch outcome {
        case nil, .begun: return nil
        case .good(let image): return "image \(image.digest): read again, as it was verified"
        case .damaged(let image, let refusal):
            try tellDamage(image.digest, refusal)
            return "image \(image.digest): \(refusal)"
        }
    }

    private func tellDamage(_ digest: ImageDigest, _ refusal: Refusal) throws(ImageStoreError) {
        SystemLog.write(.error, "image \(digest): \(refusal)")
        try tell(digest, "damaged", because: refusal)
    }

    /// Writes down what becomes of an image.
    private func tell(
        _ digest: ImageDigest, _ change: String, _ more: [JSON.Member] = [], because refusal: Refusal? = nil
    ) throws(ImageStoreError) {
        var image: [JSON.Member] = [
            .init("sha512", .string(digest.description)), .init("change", .string(change)),
        ]
        if let refusal { image.append(.init("refusal", .string(refusal.description))) }
        let fields: [JSON.Member] = [
            .init("node", .string(Process.system.host)), .init("images", .array([.object(image)])),
        ]
        do throws(AuditError) {
            try AuditLog(path: places.auditLog).append(
                AuditEvent(.image, fields + more), at: clock(), before: Deadline(seconds: 20))
        } catch {
            throw .unrecorded("\(error)")
        }
    }
}

extension ImageSource {
    /// An admitted image, charged to the job's user.
    package init(_ admission: Admission, user: String?) throws(ImageStoreError) {
        try self.init(admission.entry)
        claim = ImageClaim(image: admission.image, vo: admission.endorser.vo, user: user)
    }
}

import Digest
import Job
import Unix

/// What is in the store, what is on its way and what bounds them, when one more image is to come.
struct EvictionPlan {
    private let new: Reservation
    /// Those that were not used for the longest time first.
    private let images: [StoredImage]
    /// Each bound, its limit and the bytes that count against it now, without the new image's.
    private let bounds: [(bound: SpaceBound, limit: Int64, held: Int64)]

    init(for new: Reservation, in store: ImageStore, limit: ByteCount) throws(ImageStoreError) {
        self.new = new
        let listed = try store.list().filter { $0.held > 0 && $0.digest != new.digest }
        images = listed.map { ($0, store.lastUse(of: $0)) }.sorted { $0.1 < $1.1 }.map(\.0)
        let others = try store.reservations(besides: new.digest)
        var bounds: [(SpaceBound, Int64, Int64)] = []
        func add(_ bound: SpaceBound, _ limit: ByteCount) {
            let held =
                listed.filter { bound.counts($0.claim) }.reduce(0) { $0 + $1.held }
                + others.filter { bound.counts($0.claim) }.reduce(0) { $0 + $1.size }
            bounds.append((bound, limit.bytes, held))
        }
        add(.store, limit)
        for kind in ImageQuota.Kind.allCases {
            guard let name = new.claim?[kind], let limit = store.quota.limit(kind, of: name) else { continue }
            add(.quota(kind, name), limit)
        }
        // What others have still to write counts as written; what we have written is there already.
        var free = try ImageStore.files { () throws(UnixError) in try Files.freeSpace(store.directory) }
        free += try store.written(new.digest) - ImageStore.reserve
        for other in others { free -= max(0, other.size - (try store.written(other.digest))) }
        let onDisk = listed.reduce(0) { $0 + $1.held }
        bounds.append((.fileSystem(store.directory), free + onDisk, onDisk))
        self.bounds = bounds
    }

    /// Whether something has to go for the new image to fit.
    var mustEvict: Bool { bounds.contains { $0.held + new.size > $0.limit } }

    /// What may go so that it fits; refused when all of that would not be enough.
    ///
    /// Those that are busy stay like those that are needed.
    func victims(needs: ImageNeeds, busy: Set<ImageDigest>) throws(ImageStoreError) -> [ImageDigest] {
        var victims: [StoredImage] = []
        for (bound, limit, held) in bounds {
            let charged = images.filter { bound.counts($0.claim) }
            var excess = held + new.size - limit
            for victim in victims where bound.counts(victim.claim) { excess -= victim.held }
            for image in charged where excess > 0 && !victims.contains(image) {
                guard !needs.contains(image.digest), !busy.contains(image.digest) else { continue }
                victims.append(image)
                excess -= image.held
            }
            guard excess <= 0 else { throw .full(shortage(bound, limit, charged, needs, busy)) }
        }
        return victims.map(\.digest)
    }

    private func shortage(
        _ bound: SpaceBound, _ limit: Int64, _ charged: [StoredImage], _ needs: ImageNeeds,
        _ busy: Set<ImageDigest>
    ) -> SpaceShortage {
        let staying = charged.filter { needs.contains($0.digest) || busy.contains($0.digest) }
        return SpaceShortage(
            needed: new.size, bound: bound, limit: max(0, limit),
            holders: staying.sorted { $0.held > $1.held }.map { image in
                let why = needs.why(image.digest)
                return ImageHolder(
                    name: image.name, size: image.held, reasons: why.isEmpty ? ["being worked on"] : why)
            })
    }
}

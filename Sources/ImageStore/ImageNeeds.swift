package import Digest

/// The images that must stay in the store, and why.
package struct ImageNeeds: Hashable, Sendable {
    private var reasons: [ImageDigest: [String]] = [:]
    private var counts: [ImageDigest: Int] = [:]

    /// Reasons that are kept of one image; thousands of jobs may have run it.
    private static let kept = 3

    /// Nothing is needed.
    package init() {}

    /// All of these for one reason.
    package init(_ digests: some Sequence<ImageDigest>, because reason: String) {
        for digest in digests { add(digest, because: reason) }
    }

    /// One more reason.
    package mutating func add(_ digest: ImageDigest, because reason: String) {
        counts[digest, default: 0] += 1
        guard reasons[digest, default: []].count < Self.kept else { return }
        reasons[digest, default: []].append(reason)
    }

    /// All of these and those.
    package func union(_ other: ImageNeeds) -> ImageNeeds {
        var both = self
        for (digest, count) in other.counts {
            for reason in other.reasons[digest] ?? [] { both.add(digest, because: reason) }
            both.counts[digest, default: 0] += count - (other.reasons[digest]?.count ?? 0)
        }
        return both
    }

    /// Whether something needs the image.
    package func contains(_ digest: ImageDigest) -> Bool { counts[digest] != nil }

    /// Why an image must stay, the first reasons and how many more there are; empty for one that may go.
    package func why(_ digest: ImageDigest) -> [String] {
        let known = reasons[digest] ?? []
        let more = (counts[digest] ?? 0) - known.count
        return more > 0 ? known + ["\(more) more"] : known
    }
}

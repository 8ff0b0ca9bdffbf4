package import Job

/// An image that is in the way of another, and why it stays.
package struct ImageHolder: Hashable, Sendable, CustomStringConvertible {
    /// What it was asked for by, or the beginning of its digest.
    package let name: String
    /// What it takes, in bytes.
    package let size: Int64
    package let reasons: [String]

    package var description: String { "\(name) (\(ByteCount(size)): \(reasons.joined(separator: ", ")))" }
}

/// A bound that a new image would pass, with all that may go gone.
package struct SpaceShortage: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of the new image.
    package let needed: Int64
    package let bound: SpaceBound
    /// The most that there may be, in bytes; of a file system, what is free and may become free.
    package let limit: Int64
    /// What stays; the largest first.
    package let holders: [ImageHolder]

    /// Holders that a message names.
    private static let named = 8

    package var description: String {
        let room =
            switch bound {
            case .store: "the store's limit is \(ByteCount(limit)) ([store] limit in site.toml)"
            case .quota(let kind, let name):
                "the quota of the \(kind.title) '\(name)' is \(ByteCount(limit)) ([store.quota] in site.toml)"
            case .fileSystem(let path): "\(path): \(ByteCount(limit)) can be had"
            }
        let rest = holders.count - Self.named
        let names = holders.prefix(Self.named).map(\.description) + (rest > 0 ? ["\(rest) more"] : [])
        return "could not store an image of \(ByteCount(needed)): \(room); "
            + (names.isEmpty ? "nothing is in its way" : "needed are " + names.joined(separator: "; "))
    }
}

/// What bounds the room of images.
package enum SpaceBound: Hashable, Sendable {
    case store
    case quota(ImageQuota.Kind, String)
    case fileSystem(String)

    /// Whether an image that is charged like this counts against it.
    func counts(_ claim: ImageClaim?) -> Bool {
        switch self {
        case .store, .fileSystem: true
        case .quota(let kind, let name): claim?[kind] == name
        }
    }
}

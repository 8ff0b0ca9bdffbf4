import Batch
import Command
import Digest
import ImageStore
import ImageTrust
import Job
import JobMachine
import ListStore
import Policy
import Site
import Unix

extension Verbs {
    private struct Row: Encodable {
        let name: String
        let identifier: String?
        let version: String?
        let sha512: String
        let size: Int64
        let format: String?
        let onNode: Bool
        /// Where it lies: this node's own store, the shared one, or set aside as damaged.
        let layer: String?
        let pinned: Bool
        let refusal: String?

        var here: String { layer.map { $0 + (pinned ? ", pinned" : "") } ?? (pinned ? "no, pinned" : "no") }
    }

    /// What this node's store knows, asked once.
    private struct Shelf {
        let images: [ImageDigest: StoredImage]
        let pins: Set<ImageDigest>
        let damaged: Set<ImageDigest>

        init(_ store: ImageStore) throws(ImageStoreError) {
            images = Dictionary(try store.list().map { ($0.digest, $0) }) { first, _ in first }
            pins = Set(try store.pins().keys)
            damaged = Set(try store.quarantined())
        }

        func layer(_ digest: ImageDigest) -> String? {
            images[digest].map { $0.shared == nil ? "own" : "shared" }
                ?? (damaged.contains(digest) ? "damaged" : nil)
        }
    }

    static func listImages(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let site = try tool.site()
        if arguments.has("node-features") {
            let names = try ProximityFeatures(site: site, places: tool.places, now: tool.now).names()
            try tool.show(names, names.joined(separator: ","))
            return ExitStatus.success
        }
        let shelf = try Shelf(tool.images(site).store)
        let rows = try listedRows(tool, site, shelf)
        let named = Set(rows.map(\.sha512))
        let unnamed = Set(shelf.images.keys).union(shelf.pins).union(shelf.damaged).filter {
            !named.contains($0.description)
        }
        let others = unnamed.sorted { $0.description < $1.description }.map { digest in
            let image = shelf.images[digest]
            return Row(
                name: image?.claim?.image.description ?? "-", identifier: nil, version: nil,
                sha512: digest.description, size: image?.size ?? 0, format: image?.format.rawValue,
                onNode: image != nil, layer: shelf.layer(digest), pinned: shelf.pins.contains(digest),
                refusal: "in no list that is in force")
        }
        try tool.show(
            rows + others,
            Table.text(
                ["IMAGE", "VERSION", "SIZE", "HERE", "SHA512", "REFUSAL"],
                (rows + others).map {
                    [
                        $0.name, $0.version ?? "", ByteCount($0.size).description, $0.here,
                        String($0.sha512.prefix(16)), $0.refusal ?? "",
                    ]
                }))
        return ExitStatus.success
    }

    private static func listedRows(_ tool: Tool, _ site: Site, _ shelf: Shelf) throws -> [Row] {
        var rows: [Row] = []
        for list in try ListStore(tool.places).load(site.lists.keys.sorted()) {
            let aliases = site.lists[list.name]?.images ?? [:]
            for image in list.images {
                let entry = image.entry
                let alias = aliases.first { ImageIdentifier($0.value) == entry.identifier }?.key
                rows.append(
                    Row(
                        name: "\(list.name)/\(alias ?? entry.identifier.description)",
                        identifier: entry.identifier.description, version: entry.version.description,
                        sha512: entry.sha512.description, size: entry.size.bytes, format: entry.format,
                        onNode: shelf.images[entry.sha512] != nil, layer: shelf.layer(entry.sha512),
                        pinned: shelf.pins.contains(entry.sha512), refusal: image.refusal?.description))
            }
        }
        return rows
    }

    private struct Facts: Encodable {
        let sha512: String
        let feature: String
        /// As in `image list`; nil when the node has none of it.
        let layer: String?
        let path: String?
        let size: Int64?
        let virtualSize: Int64?
        let format: String?
        let uri: String?
        let claim: ImageClaim?
        let fetched: Timestamp?
        let lastUse: Timestamp?
        let lastVerified: Timestamp?
        /// The kernel's measurement, or why there is none.
        let verity: String?
        let pin: ImagePin?
        let neededBy: [String]
        let damagedCopy: String?
    }

    static func showImage(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let images = tool.images(site)
        let store = images.store
        let digest = try named(arguments.words[0], tool, site).digest
        let shelf = try Shelf(store)
        let image = shelf.images[digest]
        let facts = Facts(
            sha512: digest.description, feature: ProximityFeatures.name(digest.description),
            layer: shelf.layer(digest), path: image.map { $0.shared ?? store.path(of: digest) },
            size: image?.size, virtualSize: image?.virtualSize, format: image?.format.rawValue,
            uri: image?.uri, claim: image?.claim, fetched: image?.fetched,
            lastUse: image.map { store.lastUse(of: $0) }, lastVerified: image.map { store.lastVerified($0) },
            verity: image.map { image in
                image.verity
                    ?? (image.shared == nil
                        ? "none: the file system or kernel has no fs-verity"
                        : "none: the file is the shared store's")
            }, pin: try store.pins()[digest], neededBy: try images.needs().why(digest),
            damagedCopy: shelf.damaged.contains(digest) ? "\(store.damaged)/\(digest)" : nil)
        try tool.show(facts, Table.fields(facts))
        return ExitStatus.success
    }
}

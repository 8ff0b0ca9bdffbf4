package import Batch
internal import Digest
internal import FoundationEssentials
package import ImageStore
package import Job
package import Site
internal import Unix

/// Which images a node has, as the batch system can use it to choose nodes.
package struct ProximityFeatures {
    let images: NodeImages
    let places: Places
    let now: Timestamp

    package init(site: Site, places: Places, now: Timestamp) {
        images = NodeImages(site: site, places: places, clock: { now })
        self.places = places
        self.now = now
    }

    /// The feature of one image, `bivouac_` and the first 12 digits of its SHA-512.
    package static func name(_ sha512: some StringProtocol) -> String {
        NodeFeatures.prefix + sha512.prefix(12)
    }

    /// Those of the images that are here, or known to be right in the shared store.
    package func names() throws(ImageStoreError) -> [String] {
        try images.store.list().map { Self.name($0.digest.description) }.sorted()
    }

    /// What was last told, and when.
    private struct Told: Codable {
        let features: [String]
        let at: Timestamp
    }

    /// Seconds after which it is looked whether the controller still has them: a restarted one may have read its
    /// configuration again.
    private static let interval: Int64 = 3600

    /// Tells the batch system when something has changed since the last time; the features then, nil when nothing had
    /// to be done.
    ///
    /// Features that are not ours stay as they are.
    package func publish(_ commands: any SchedulerCommands, node: String) throws(MachineFault) -> [String]? {
        let names = try atNode("could not list images") { () throws(ImageStoreError) in
            try self.names()
        }
        let told = (try? Files.read(places.features, limit: 1 << 20)).flatMap {
            try? JSONDecoder().decode(Told.self, from: Data($0))
        }
        if let told, told.features == names, (0...Self.interval).contains(now - told.at) { return nil }
        let changed = try atNode("could not publish the node's images") { () throws(BatchError) in
            try commands.publish(names, of: node)
        }
        try atNode("could not write \(places.features)") { () throws(UnixError) -> Void in
            guard let text = try? JSONEncoder().encode(Told(features: names, at: now)) else {
                throw UnixError("encode", UnixError.invalid)
            }
            try Files.makeDirectories(places.run, mode: 0o755)
            try Files.write([UInt8](text), to: places.features, mode: 0o644)
        }
        return changed ? names : nil
    }
}

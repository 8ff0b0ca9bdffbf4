/// A node's features as its batch system has them, those of ours and all others.
package struct NodeFeatures: Hashable, Sendable {
    /// What our features begin with; all that do are ours to take away.
    package static let prefix = "bivouac_"

    /// What jobs can ask for, and what is there now.
    package var available: [String]
    package var active: [String]

    package init(available: [String], active: [String]) {
        self.available = available
        self.active = active
    }

    /// With these features of ours and no others of ours; what is not ours stays as it is.
    package func with(_ ours: [String]) -> NodeFeatures {
        NodeFeatures(
            available: available.filter { !$0.hasPrefix(Self.prefix) } + ours.sorted(),
            active: active.filter { !$0.hasPrefix(Self.prefix) } + ours.sorted())
    }
}

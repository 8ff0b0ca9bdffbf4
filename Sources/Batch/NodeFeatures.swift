/// A node as its batch system has it: its features, those of ours and all others, and whether it takes jobs.
package struct NodeFeatures: Hashable, Sendable {
    /// What our features begin with; all that do are ours to take away.
    package static let prefix = "bivouac_"

    /// What jobs can ask for, and what is there now.
    package var available: [String]
    package var active: [String]
    /// It takes no new jobs; those that run go on.
    package var isDrained = false

    package init(available: [String], active: [String]) {
        self.available = available
        self.active = active
    }

    /// With these features of ours and no others of ours; what is not ours stays as it is.
    package func with(_ ours: [String]) -> NodeFeatures {
        var node = self
        node.available = available.filter { !$0.hasPrefix(Self.prefix) } + ours.sorted()
        node.active = active.filter { !$0.hasPrefix(Self.prefix) } + ours.sorted()
        return node
    }
}

/// Where a machine's payload comes from.
package enum PayloadSource: String, Hashable, Sendable, Codable, CaseIterable {
    /// The job's script.
    case job
    /// The image brings its own; the job's script stays on the node.
    case image
}

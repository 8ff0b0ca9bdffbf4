/// The live directory of one job; at most one per job on a node.
package struct JobDirectory: Hashable, Sendable {
    /// The directory itself.
    package let path: String

    /// The directory with this path.
    package init(path: String) { self.path = path }

    /// The truth about the job, root's, readable by all.
    package var record: String { path + "/record.json" }
    /// Held by whoever changes the record.
    package var lock: String { path + "/lock" }
    /// The launcher's way to the agent, the user's.
    package var payloadSocket: String { path + "/payload.sock" }
    /// The host's way to the agent, root's.
    package var controlSocket: String { path + "/control.sock" }
}

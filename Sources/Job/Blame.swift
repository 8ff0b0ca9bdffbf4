/// Who has to mend a failure; what that means to a batch system is known to `Batch.Verdict` alone.
package enum Blame: String, Sendable, Codable, CaseIterable {
    /// The job fails, the node stays in service.
    case job
    /// This node cannot run such jobs now: the job may run elsewhere, the node is taken out of service.
    case node
    /// The site's configuration is at fault: as for the node, and no other node will do better.
    case site
}

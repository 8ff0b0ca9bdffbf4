package import Job

/// Where a job stands for its batch system, as far as the life of a machine depends on it.
package struct JobState: Hashable, Sendable {
    /// What of the job may be on this node.
    package enum Stage: Sendable {
        /// The job's processes run on this node.
        case running
        /// Something of the job may be on this node, if only one of its hooks.
        case busy
        /// Nothing of the job is on this node: it is over, it waits, perhaps for another start, or it is elsewhere.
        case away
    }

    /// When the batch system will end a job.
    package enum Limit: Hashable, Sendable {
        case never
        case at(Timestamp)
        /// So many seconds after its start.
        case after(Int64)
    }

    package let stage: Stage
    /// Which start of the job it is; nil where the batch system does not count them.
    package let attempt: Int?
    package let limit: Limit

    package init(_ stage: Stage, attempt: Int?, limit: Limit) {
        self.stage = stage
        self.attempt = attempt
        self.limit = limit
    }
}

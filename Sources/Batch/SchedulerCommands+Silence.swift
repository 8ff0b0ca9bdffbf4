internal import Job

/// What a batch system cannot be asked is an error, and so nothing is done about it.
extension SchedulerCommands {
    func waiting(in queues: [String]) throws(BatchError) -> [WaitingJob] {
        throw silence("which jobs wait")
    }

    func node(_ name: String) throws(BatchError) -> NodeFeatures {
        throw silence("a node's features")
    }

    func publish(_ features: [String], of node: String) throws(BatchError) -> Bool {
        throw silence("a node's features")
    }

    private func silence(_ what: String) -> BatchError {
        BatchError(.site, "this batch system is not asked for \(what)")
    }
}

/// For a batch system that is asked nothing: what its epilogue leaves an operator ends.
struct NoCommands: SchedulerCommands {
    /// The batch system's name.
    let name: String

    func states(of jobs: [JobID], at now: Timestamp) throws(BatchError) -> [JobID: JobState] {
        throw BatchError(.site, "\(name) is not asked about jobs: end a stray with bivouac job destroy")
    }
}

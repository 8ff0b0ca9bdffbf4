package import Job
package import Site

/// What a batch system told one call of a hook.
package protocol BatchHook: Sendable {
    var job: JobID { get }
    /// Which start of the job it is; nil where the batch system does not say.
    var attempt: Int? { get }
    /// How the job ended, when an epilogue is told.
    var exit: JobExit? { get }
    /// Begins to ask the batch system what a prologue was not told, and does not wait.
    func ask() -> any JobQuestion
    /// Puts a line into the job's accounting record, where the batch system has room for one.
    func annotate(_ line: String) throws(BatchError)
}

extension BatchHook {
    /// Nothing, where there is no such room.
    package func annotate(_ line: String) throws(BatchError) {}
}

/// What is still to be learned of the job that a prologue is run for.
package protocol JobQuestion {
    /// The job, as the site's queues see it.
    func job(site: Site, now: Timestamp) throws(BatchError) -> Job
}

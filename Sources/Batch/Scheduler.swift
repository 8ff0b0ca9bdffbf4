package import Job

/// A batch system as everything outside this module sees it; each is a row of `all`.
///
/// Another one is a file here that reads what its hooks are told, a row, and a folder of hooks.
package struct Scheduler: Sendable {
    /// What its hooks say as their first argument, what records keep and what `scheduler` in site.toml may be.
    package let name: String
    /// How its hooks' exit statuses are understood.
    let prologue: Verdict
    let epilogue: Verdict
    /// Reads what one of its hooks was told.
    let hook: @Sendable (HookCall) throws(BatchError) -> any BatchHook
    /// Its commands, which find their server by the origin's `server`.
    let commands: @Sendable (_ server: String?) -> any SchedulerCommands

    static let all = [slurm, torque, openPBS, gridEngine, htCondor]

    /// The batch system of that name.
    static func named(_ name: String) throws(BatchError) -> Scheduler {
        guard let found = all.first(where: { $0.name == name }) else {
            let names = all.map(\.name).joined(separator: ", ")
            throw BatchError(.site, "'\(name)' is no batch system: it is one of \(names)")
        }
        return found
    }

    /// The commands that answer for jobs of an origin.
    package static func commands(of origin: JobOrigin) throws(BatchError) -> any SchedulerCommands {
        try named(origin.scheduler).commands(origin.server)
    }
}

/// The questions that a batch system answers; each is one bounded call.
package protocol SchedulerCommands: Sendable {
    /// Where each of these jobs stands; those that are absent are gone for good.
    func states(of jobs: [JobID], at now: Timestamp) throws(BatchError) -> [JobID: JobState]
    /// The jobs that wait in these queues, a waiting array as one.
    func waiting(in queues: [String]) throws(BatchError) -> [WaitingJob]
    /// What the batch system knows of a node for its choice of nodes.
    func node(_ name: String) throws(BatchError) -> NodeFeatures
    /// Gives a node these features of ours and no others of ours; false when it has them already.
    func publish(_ features: [String], of node: String) throws(BatchError) -> Bool
}

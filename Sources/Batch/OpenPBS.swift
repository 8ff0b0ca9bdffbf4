internal import Job
internal import NameService
internal import Site
internal import Unix

extension Scheduler {
    /// The hook deletes the job on 78, puts it back into its queue on 75 and takes the node out of service on any other;
    /// a wrong site.toml is no reason for the last, since other queues' jobs run here too.
    static let openPBS = Scheduler(
        name: "openpbs",
        prologue: Verdict(
            job: ExitStatus.configuration, node: ExitStatus.unavailable, site: ExitStatus.tryAgain),
        epilogue: Verdict(
            job: ExitStatus.success, node: ExitStatus.unavailable, site: ExitStatus.unavailable),
        hook: { (call) throws(BatchError) in try OpenPBSEvent(parsing: try call.input()) },
        commands: { _ in OpenPBSJobs(told: Process.environment(OpenPBSJobs.variable)) })
}

extension OpenPBSEvent: BatchHook, JobQuestion {
    func ask() -> any JobQuestion { self }

    /// The job that execjob_prologue is run for; all that is needed is in the event.
    func job(site: Site, now: Timestamp) throws(BatchError) -> Job {
        let (key, settings) = try site.place(of: job, in: queue)
        guard let user, var account = NameService.account(named: user) else {
            throw BatchError(.node, "user '\(user ?? "")' has no account on this node")
        }
        if let gid = account.groups.first(where: { $0.name == group })?.gid { account.gid = gid }
        guard let hosts else { throw BatchError(.node, "MOM gave no exec_host2") }
        return Job(
            key: key, attempt: attempt, account: account, queue: settings.name, project: project,
            nodes: hosts,
            resources: try resources(settings, now), words: words,
            origin: JobOrigin(scheduler: Scheduler.openPBS.name))
    }

    /// The job's walltime begins after its prologue: the end is never later than what is said here.
    private func resources(_ queue: Queue, _ now: Timestamp) throws(BatchError) -> Resources {
        let grant = try OpenPBSGrant(vnodes)
        guard let memory = grant.memory ?? queue.memory else {
            throw BatchError(
                .job, "job \(job) was granted no memory: ask for it, as in qsub -l select=1:ncpus=1:mem=2gb")
        }
        guard grant.cpus > 0 else {
            throw BatchError(
                .job, "job \(job) was granted no CPU: ask for one, as in qsub -l select=1:ncpus=1")
        }
        return Resources(cpus: grant.cpus, memory: memory, end: walltime.map { now + $0 })
    }
}

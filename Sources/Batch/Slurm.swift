internal import Job
internal import NameService
internal import Site
internal import Unix

extension Scheduler {
    /// Slurm drains the node on any status but 0 and has none that fails the job alone: the launcher tells its faults.
    static let slurm = Scheduler(
        name: "slurm",
        prologue: Verdict(
            job: ExitStatus.success, node: ExitStatus.unavailable, site: ExitStatus.configuration),
        epilogue: Verdict(
            job: ExitStatus.success, node: ExitStatus.unavailable, site: ExitStatus.configuration),
        hook: { (call) throws(BatchError) in try SlurmHook(environment: call.environment) },
        commands: { SlurmCommand(configuration: $0 ?? Process.environment("SLURM_CONF")) })
}

/// Slurm: environment of its hooks -> `Job`.
enum Slurm {
    /// The job that Prolog is run for; the controller was asked for what the environment does not say.
    ///
    /// When the controller does not answer, the CPUs are those of the environment, the memory is the queue's
    /// `memory` setting and the end is unknown; a queue without that setting then is a node fault, since a
    /// machine of a guessed size would use what other jobs were granted.
    static func job(
        _ hook: SlurmHook, site: Site, granted: GrantQuestion, now: Timestamp
    ) throws(BatchError) -> Job {
        guard let uid = hook.user else { throw BatchError(.node, "slurmd gave no SLURM_JOB_UID") }
        let (key, queue) = try site.place(of: hook.job, in: hook.partition)
        guard var account = NameService.account(uid: uid) else {
            throw BatchError(.node, "user id \(uid) has no account on this node")
        }
        if let group = hook.group, account.groups.contains(where: { $0.gid == group }) { account.gid = group }
        let grant = Result { () throws(BatchError) in try granted.answer() }
        var job = Job(
            key: key, attempt: hook.attempt, account: account, queue: queue.name, project: hook.project,
            nodes: hook.nodes ?? 1,
            resources: try resources(hook, queue: queue, grant, now: now), words: hook.words,
            origin: JobOrigin(scheduler: Scheduler.slurm.name, server: hook.configuration),
            directory: hook.directory)
        job.submitted = try? grant.get().submitted
        return job
    }

    private static func resources(
        _ hook: SlurmHook, queue: Queue, _ answer: Result<SlurmGrant, BatchError>, now: Timestamp
    ) throws(BatchError) -> Resources {
        var grant: SlurmGrant?
        var reason = "squeue names no memory"
        switch answer {
        case .success(let answer): grant = answer
        case .failure(let error): reason = "\(error)"
        }
        guard let memory = grant?.memory ?? queue.memory else {
            throw BatchError(
                .node,
                "the memory granted to job \(hook.job) is unknown (\(reason)), "
                    + "and [queue.\(queue.name)] in site.toml has no memory = \"...\" to fall back on")
        }
        guard let cpus = grant?.cpus ?? hook.cpusOnNode, cpus > 0 else {
            throw BatchError(.node, "the CPUs granted to job \(hook.job) are unknown (\(reason))")
        }
        return Resources(
            cpus: cpus, memory: memory, end: limit(grant?.end, at: now),
            grace: SlurmConfiguration.killWait(in: hook.configuration ?? SlurmConfiguration.usualPath))
    }

    /// The end of a job as the controller says it, which is a moment a year ahead for one without a time limit.
    static func limit(_ end: Timestamp?, at now: Timestamp) -> Timestamp? {
        end.flatMap { $0 - now > 360 * 86_400 ? nil : $0 }
    }
}

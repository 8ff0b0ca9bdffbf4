internal import Job
internal import NameService
internal import Site
internal import Unix

extension Scheduler {
    static let slurm = Scheduler(
        name: "slurm", prologue: .slurmProlog, epilogue: .slurmEpilog,
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
        guard let key = JobKey(cluster: site.cluster, job: hook.job) else {
            throw BatchError(.site, "site.toml: cluster '\(site.cluster)' cannot be part of a job key")
        }
        guard let uid = hook.user else { throw BatchError(.node, "slurmd gave no SLURM_JOB_UID") }
        guard let partition = hook.partition, let queue = site.queues[partition] else {
            throw BatchError(
                .site,
                "partition '\(hook.partition ?? "")' has no [queue.\(hook.partition ?? "NAME")] in site.toml, "
                    + "but the hooks call for it: run bivouac doctor --write-hooks")
        }
        guard var account = NameService.account(uid: uid) else {
            throw BatchError(.node, "user id \(uid) has no account on this node")
        }
        if let group = hook.group, account.groups.contains(where: { $0.gid == group }) { account.gid = group }
        return Job(
            key: key, attempt: hook.attempt, account: account, queue: partition, project: hook.project,
            nodes: hook.nodes ?? 1,
            resources: try resources(hook, queue: queue, granted: granted, now: now), words: hook.words,
            origin: JobOrigin(scheduler: Scheduler.slurm.name, server: hook.configuration),
            directory: hook.directory)
    }

    private static func resources(
        _ hook: SlurmHook, queue: Queue, granted: GrantQuestion, now: Timestamp
    ) throws(BatchError) -> Resources {
        var grant: SlurmGrant?
        var reason = "squeue names no memory"
        do {
            grant = try granted.answer()
        } catch {
            reason = "\(error)"
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

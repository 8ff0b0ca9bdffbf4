internal import Job
internal import NameService
internal import Site
internal import Unix

extension Scheduler {
    /// Torque deletes the job on 1 and requeues it on any other; it does not look at how an epilogue ends.
    static let torque = Scheduler(
        name: "torque", prologue: Verdict(job: 1, node: 2, site: 2),
        epilogue: Verdict(job: ExitStatus.success, node: ExitStatus.success, site: ExitStatus.success),
        hook: { (call) throws(BatchError) in try TorqueHook(call) },
        commands: { TorqueCommand(server: $0) })
}

/// What Torque's server is asked about a job whose prologue runs.
///
/// Without an answer the arguments of the hook count, as far as they can be believed.
final class TorqueQuestion: JobQuestion {
    private static let longestNodeFile = 4 << 20

    private let hook: TorqueHook
    private var status: Result<TorqueStatus, BatchError>?

    init(hook: TorqueHook, status: consuming Result<TorqueStatus, BatchError>) {
        self.hook = hook
        self.status = consume status
    }

    /// The job; its end is never later than the batch system's, whose walltime begins after the prologue.
    func job(site: Site, now: Timestamp) throws(BatchError) -> Job {
        try job(answer(), site: site, now: now)
    }

    /// The job of which the server has said this.
    func job(_ answer: Result<PBSDocument.Element, BatchError>, site: Site, now: Timestamp)
        throws(BatchError) -> Job
    {
        let (key, queue) = try site.place(of: hook.job, in: hook.queue)
        guard var account = NameService.account(named: hook.user) else {
            throw BatchError(.node, "user '\(hook.user)' has no account on this node")
        }
        if let group = account.groups.first(where: { $0.name == hook.group }) { account.gid = group.gid }
        let known = try? answer.get()
        let asked = known.map { PBSResources($0) } ?? PBSResources(list: hook.list)
        let hosts = nodeFile()
        let cpus = hosts?.count ?? hook.cpus ?? asked.cpus
        let nodes = hosts.map { Set($0).count } ?? hook.nodes ?? asked.nodes
        guard let memory = asked.memory(cpus: cpus) ?? queue.memory else {
            guard !asked.isWhole else {
                throw BatchError(
                    .job, "job \(hook.job) asked for no memory: ask for it, as in qsub -l mem=2gb")
            }
            throw BatchError(
                .node,
                "the memory granted to job \(hook.job) is unknown (\(Self.silence(answer))), "
                    + "and [queue.\(queue.name)] in site.toml has no memory = \"...\" to fall back on")
        }
        var job = Job(
            key: key, attempt: nil, account: account, queue: queue.name, project: hook.project,
            nodes: nodes ?? 1,
            resources: Resources(cpus: cpus, memory: memory, end: asked.walltime.map { now + $0 }),
            words: asked.words,
            origin: JobOrigin(scheduler: Scheduler.torque.name, server: JobID.server(ofPBS: hook.fullID)),
            script: hook.script)
        job.directory = known?.value("init_work_dir") ?? account.home
        job.submitted = known?.value("ctime").flatMap { Int64($0) }.map { Timestamp(seconds: $0) }
        job.objection = Self.objection(to: asked, nodes)
        return job
    }

    /// The job as the server has it, or why the server did not say so.
    private func answer() -> Result<PBSDocument.Element, BatchError> {
        Result { () throws(BatchError) in
            guard let job = try status.take()?.get().answer() else {
                throw BatchError(.node, "qstat was heard already")
            }
            return job
        }
    }

    private static func silence(_ answer: Result<PBSDocument.Element, BatchError>) -> String {
        if case .failure(let error) = answer { "\(error)" } else { "" }
    }

    /// The node of each processor of the job; nil where MOM wrote none down.
    private func nodeFile() -> [Substring]? {
        guard let path = hook.nodeFile, let bytes = try? Files.read(path, limit: Self.longestNodeFile) else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.isEmpty ? nil : lines
    }

    /// What no machine can give a job, whatever its image.
    private static func objection(to asked: PBSResources, _ nodes: Int?) -> Refusal? {
        for name in ["prologue", "epilogue"] where asked[name] != nil {
            return Refusal(
                .UnsupportedSetting,
                "-l \(name)= would run a program of the job's outside its machine: leave it out")
        }
        if let name = asked.doubled {
            return Refusal(
                .UnsupportedSetting, "-l \(name)= stands twice in the job's resources: say it once")
        }
        if nodes == nil {
            return Refusal(.MultiNode, "-l procs= may mean several nodes: ask for nodes=1:ppn=N")
        }
        return nil
    }
}

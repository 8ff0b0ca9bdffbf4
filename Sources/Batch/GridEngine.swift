internal import Job
internal import NameService
internal import Site

extension Scheduler {
    /// Grid Engine puts the job into error state on 100 and the queue instance on any other.
    static let gridEngine = Scheduler(
        name: "gridengine",
        prologue: Verdict(job: 100, node: ExitStatus.unavailable, site: ExitStatus.unavailable),
        epilogue: Verdict(
            job: ExitStatus.success, node: ExitStatus.unavailable, site: ExitStatus.unavailable),
        hook: { (call) throws(BatchError) in try GridEngineHook(call) },
        commands: { _ in NoCommands(name: "Grid Engine") })
}

/// What Grid Engine tells a queue's prolog and epilog: the words `$job_id $job_owner $queue $processors` of
/// queue_conf(5), and what execd puts into every job's environment.
///
/// It tells no memory and no end: the memory is the queue's `memory` in site.toml, and so is the image.
struct GridEngineHook: BatchHook, JobQuestion {
    let job: JobID
    let attempt: Int? = nil
    let exit: JobExit? = nil
    private let owner: String
    private let queue: String
    private let slots: Int
    private let hosts: Int

    init(_ call: HookCall) throws(BatchError) {
        guard call.arguments.count == 4, let slots = Int(call.arguments[3]), (1...100_000).contains(slots),
            let job = Self.job(call.arguments[0], task: call.environment("SGE_TASK_ID"))
        else {
            throw BatchError(.site, "the words behind the hook must be $job_id $job_owner $queue $processors")
        }
        self.job = job
        self.slots = slots
        owner = call.arguments[1]
        queue = call.arguments[2]
        hosts = call.environment("NHOSTS").flatMap { Int($0) } ?? 1
    }

    /// `7`, or `7.3` for a task of an array, as the starter spells it too.
    private static func job(_ id: String, task: String?) -> JobID? {
        guard UInt32(id) != nil else { return nil }
        return task.flatMap { UInt32($0) }.map { JobID("\(id).\($0)") } ?? JobID(id)
    }

    func ask() -> any JobQuestion { self }

    func job(site: Site, now: Timestamp) throws(BatchError) -> Job {
        let (key, settings) = try site.place(of: job, in: queue)
        guard let account = NameService.account(named: owner) else {
            throw BatchError(.node, "user '\(owner)' has no account on this node")
        }
        guard let memory = settings.memory else {
            throw BatchError(
                .site, "[queue.\(queue)] in site.toml has no memory = \"...\", and Grid Engine tells none")
        }
        return Job(
            key: key, attempt: nil, account: account, queue: queue, project: "", nodes: hosts,
            resources: Resources(cpus: slots, memory: memory, end: nil), words: [],
            origin: JobOrigin(scheduler: Scheduler.gridEngine.name))
    }
}

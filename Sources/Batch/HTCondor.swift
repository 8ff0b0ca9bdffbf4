internal import Job
internal import NameService
internal import Site
internal import Unix

extension Scheduler {
    /// The hooks hold the job on 78 and let it wait on any other.
    static let htCondor = Scheduler(
        name: "htcondor",
        prologue: Verdict(
            job: ExitStatus.configuration, node: ExitStatus.unavailable, site: ExitStatus.unavailable),
        epilogue: Verdict(
            job: ExitStatus.configuration, node: ExitStatus.unavailable, site: ExitStatus.unavailable),
        hook: { (call) throws(BatchError) in try HTCondorHook(call) }, commands: { _ in HTCondorStartd() })
}

/// A claim of root's work by the user whose job HTCondor is about to start or has ended, through sudo(8): none of
/// HTCondor's own hooks runs as root.
///
/// Only the job's number is the user's word; that it is his job on this node, and what it was granted, says the startd.
struct HTCondorHook: BatchHook, JobQuestion {
    /// HTCondor has no queues: all jobs of an execution point with our hooks are in this one of site.toml.
    static let queue = "htcondor"

    let job: JobID
    let attempt: Int? = nil
    let exit: JobExit? = nil
    private let account: Account
    private let slot: HTCondorStartd.Slot

    init(_ call: HookCall) throws(BatchError) {
        guard let uid = call.environment("SUDO_UID").flatMap({ UInt32($0) }), call.arguments.count == 1,
            let job = JobID(call.arguments[0])
        else {
            throw BatchError(.job, "this program is to be called by sudo with the number of a job, like 12.0")
        }
        guard let account = NameService.account(uid: uid) else {
            throw BatchError(.node, "user id \(uid) has no account on this node")
        }
        guard let slot = try HTCondorStartd().slots()[job], slot.owner == account.name else {
            throw BatchError(.job, "\(account.name) has no job \(job) on this node")
        }
        self.job = job
        self.account = account
        self.slot = slot
    }

    func ask() -> any JobQuestion { self }

    func job(site: Site, now: Timestamp) throws(BatchError) -> Job {
        let (key, _) = try site.place(of: job, in: Self.queue)
        return Job(
            key: key, attempt: nil, account: account, queue: Self.queue, project: "", nodes: 1,
            resources: Resources(cpus: slot.cpus, memory: slot.memory, end: nil), words: slot.words,
            origin: JobOrigin(scheduler: Scheduler.htCondor.name))
    }
}

/// What this node's startd says of its slots: one bounded call of condor_status(1).
struct HTCondorStartd: SchedulerCommands {
    struct Slot: Hashable {
        let owner: String
        let cpus: Int
        let memory: ByteCount
        /// What the job's `+BivouacImage` says; the user's text and hostile.
        let words: [String]
    }

    private static let attributes = ["JobId", "RemoteOwner", "Cpus", "Memory", "BivouacImage"]
    private let program = BatchProgram(
        directories: ["/usr/bin", "/usr/local/bin"], environment: ["PATH=/usr/bin:/bin"], seconds: 5)

    /// The slots with a job, by their jobs.
    func slots() throws(BatchError) -> [JobID: Slot] {
        let answer = try program.run(
            "condor_status", ["-startd", "-direct", Process.system.host, "-af:r"] + Self.attributes)
        guard answer.succeeded else { throw program.failure("condor_status", answer) }
        return Self.read(String(decoding: answer.output, as: UTF8.self))
    }

    /// Reads lines as `-af:r` prints them: expressions, in which a text has quotes and no line break.
    static func read(_ lines: String) -> [JobID: Slot] {
        var slots: [JobID: Slot] = [:]
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: false)
            guard fields.count == 5, let id = text(fields[0]), let job = JobID(id),
                let owner = text(fields[1]),
                let cpus = Int(fields[2]), cpus > 0, let mebibytes = Int64(fields[3]),
                (1...1 << 40).contains(mebibytes)
            else { continue }
            slots[job] = Slot(
                owner: String(owner.prefix { $0 != "@" }), cpus: cpus, memory: .mebibytes(mebibytes),
                words: text(fields[4]).map { ["image=" + $0] } ?? [])
        }
        return slots
    }

    /// The text of a quoted expression without escapes; nil for anything else.
    private static func text(_ field: Substring) -> String? {
        guard field.count >= 2, field.first == "\"", field.last == "\"" else { return nil }
        let text = field.dropFirst().dropLast()
        return text.contains("\"") || text.contains("\\") ? nil : String(text)
    }

    func states(of jobs: [JobID], at now: Timestamp) throws(BatchError) -> [JobID: JobState] {
        try slots().mapValues { _ in JobState(.running, attempt: nil, limit: .never) }
    }
}

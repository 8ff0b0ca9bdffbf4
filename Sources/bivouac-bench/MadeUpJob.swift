internal import Job
internal import NameService
internal import Site
internal import Unix

/// A job that no scheduler knows: what slurmd would tell our hooks of it.
struct MadeUpJob {
    /// Ids that Slurm's commands take and ask the controller about, above all that it gives by default
    /// (`MaxJobId`).
    private static let firstID = 67_050_000

    let id: Int
    let key: JobKey
    let scratch: ScratchRoot
    let account: Account

    /// Job number `index` of this run.
    init(_ index: Int, _ scratch: ScratchRoot) throws(BenchError) {
        id = Self.firstID + index
        guard let job = JobID("\(id)"), let key = JobKey(cluster: ScratchRoot.cluster, job: job) else {
            throw .failed("\(id) is no job id")
        }
        guard let account = NameService.account(named: "nobody") else {
            throw .failed("there is no account 'nobody' whose job this could be")
        }
        self.key = key
        self.scratch = scratch
        self.account = account
    }

    var domain: String { MachineName(key: key, attempt: 0).domain }

    /// The variables that Prolog, Epilog and the task have in common.
    private var environment: [String] {
        var variables = [
            "SLURM_JOB_ID=\(id)", "SLURM_JOBID=\(id)", "SLURM_JOB_UID=\(account.uid)",
            "SLURM_JOB_GID=\(account.gid)",
            "SLURM_JOB_USER=\(account.name)", "SLURM_JOB_PARTITION=\(scratch.queue.name)",
            "SLURM_JOB_NUM_NODES=1",
            "SLURM_JOB_CPUS_PER_NODE=1",
        ]
        if let configuration = scratch.slurmConfiguration { variables.append("SLURM_CONF=" + configuration) }
        return variables
    }

    /// Starts slurmd's Prolog.
    func prologue() throws(BenchError) -> Running {
        try Running.start([scratch.hook("prolog")], environment: environment)
    }

    /// Starts slurmd's Epilog.
    func epilogue() throws(BenchError) -> Running {
        try Running.start([scratch.hook("epilog")], environment: environment + ["SLURM_JOB_EXIT_CODE2=0:0"])
    }

    private func asUser(_ words: [String]) -> [String] {
        [Programs.setpriv, "--reuid=\(account.uid)", "--regid=\(account.gid)", "--clear-groups", "--"] + words
    }

    /// Starts Slurm's TaskProlog, as a child of what looks like slurmstepd.
    func taskProlog() throws(BenchError) -> Running {
        let command = asUser([scratch.hook("task_prolog")]).joined(separator: " ")
        return try Running.start(
            [Programs.shell, "-c", command + "; exit $?"], title: "slurmstepd: [\(id).batch]",
            environment: environment + Programs.environment)
    }

    /// Puts the batch script where slurmd would, as `job_submit.lua` leaves it: the launcher's line in front.
    func writeScript(_ text: String) throws(BenchError) {
        let path = script
        let line = "#!\(scratch.libexec)/bivouac-run --root=\(scratch.places.root) --\n"
        try BenchError.during("could not write \(path)") { () throws(UnixError) in
            try Files.makeDirectories(Files.parent(path), mode: 0o755)
            try Files.write(line + text, to: path, mode: 0o755)
        }
    }

    private var script: String { "\(scratch.spool)/job\(id)/slurm_script" }

    /// Starts the batch script as the job's user, in `/` or another directory.
    func task(input: Int32? = nil, output: Int32? = nil, directory: String = "/") throws(BenchError)
        -> Running
    {
        try Running.start(
            asUser(["/usr/bin/env", "-C", directory, script]),
            environment: environment + Programs.environment, input: input, output: output)
    }
}

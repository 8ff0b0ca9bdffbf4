internal import Job
internal import NameService
internal import Site

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
            "SLURM_JOB_ID=\(id)", "SLURM_JOBID=\(id)", "SLURM_JOB_UID=\(account.uid)", "SLURM_JOB_GID=\(account.gid)",
            "SLURM_JOB_USER=\(account.name)", "SLURM_JOB_PARTITION=\(scratch.queue.name)", "SLURM_JOB_NUM_NODES=1",
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

    /// Starts a program as the job's user, as the batch task.
    func task(_ words: [String], input: Int32? = nil, output: Int32? = nil) throws(BenchError) -> Running {
        let user = ["--reuid=\(account.uid)", "--regid=\(account.gid)", "--clear-groups", "--"]
        return try Running.start(
            [Programs.setpriv] + user + words,
            environment: environment + Programs.environment + [
                "SLURM_STEP_ID=4294967291", "SLURM_STEPID=4294967291", "SLURM_PROCID=0", "SLURM_LOCALID=0",
            ], input: input, output: output)
    }
}

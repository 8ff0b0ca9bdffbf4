/// What slurmd says of a job to its hooks.
struct JobOnNode: Sendable {
    /// An account that every system has and that is not root's.
    static let nobody: UInt32 = 65_534

    var id = "4711"
    var uid = JobOnNode.nobody
    var partition = "vm"
    var nodes = "1"
    var cpus = "1"
    var comment = ""
    var restarts: Int?
    /// `SLURM_CONF`; this one makes every Slurm command fail at once.
    var configuration = "/dev/null"
    var exit = "0:0"
    /// Variables beside or instead of those that follow from the above; nil takes one away.
    var more: [String: String?] = [:]

    /// What Prolog sees, and Epilog with its exit code.
    var environment: [String: String] {
        var variables = [
            "SLURM_JOB_ID": id, "SLURM_JOBID": id, "SLURM_JOB_UID": "\(uid)", "SLURM_UID": "\(uid)",
            "SLURM_JOB_GID": "\(uid)", "SLURM_JOB_PARTITION": partition, "SLURM_JOB_NUM_NODES": nodes,
            "SLURM_JOB_CPUS_PER_NODE": cpus, "SLURM_JOB_COMMENT": comment, "SLURM_CONF": configuration,
            "SLURM_CLUSTER_NAME": "t", "SLURM_JOB_USER": "nobody", "SLURM_JOB_ACCOUNT": "physics",
            "SLURM_JOB_EXIT_CODE2": exit,
        ]
        if let restarts { variables["SLURM_JOB_RESTART_COUNT"] = "\(restarts)" }
        for (name, value) in more { variables[name] = value }
        return variables
    }
}

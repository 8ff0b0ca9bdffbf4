package import Job

/// What slurmd tells Prolog and Epilog in their environment; see the Prolog and Epilog Guide of Slurm.
///
/// Comment and directory are the user's text and hostile; everything else is slurmd's own.
package struct SlurmHook: BatchHook {
    package let job: JobID
    /// Missing in an Epilog whose job the controller does not know.
    package let user: UInt32?
    package let group: UInt32?
    package let partition: String?
    package let project: String
    package let nodes: Int?
    /// `SLURM_JOB_RESTART_COUNT`: how often the job was requeued before; nil in an Epilog without a credential.
    package let attempt: Int?
    package let cpusOnNode: Int?
    package let comment: String
    /// `SPANK_BIVOUAC_IMAGE`, as much the user's text as the comment.
    package let image: String?
    /// `SLURM_JOB_EXIT_CODE2`, in Epilog: exit code and signal of the job.
    package let exit: JobExit?
    /// `SLURM_JOB_WORK_DIR`, in Prolog.
    package let directory: String?
    /// Value of `SLURM_CONF`, which Slurm's commands need to find their controller.
    package let configuration: String?

    /// In bytes; a longer comment is cut, since only its words that name an image are looked at.
    private static let longestComment = 4096

    /// Reads the variables; only a missing or unusable job id is an error.
    package init(environment value: (String) -> String?) throws(BatchError) {
        guard let text = value("SLURM_JOB_ID"), let number = UInt32(text), let job = JobID(String(number))
        else {
            throw BatchError(
                .site, "SLURM_JOB_ID is missing or no number: this program is to be called by slurmd's hooks")
        }
        self.job = job
        user = value("SLURM_JOB_UID").flatMap { UInt32($0) }
        group = value("SLURM_JOB_GID").flatMap { UInt32($0) }
        partition = value("SLURM_JOB_PARTITION")
        project = value("SLURM_JOB_ACCOUNT") ?? ""
        let nodes = value("SLURM_JOB_NUM_NODES")
        self.nodes = nodes.flatMap { Int($0) }
        // Slurm leaves the variable out for a job that was never requeued, and both where it has no credential.
        attempt = Int(value("SLURM_JOB_RESTART_COUNT") ?? (nodes == nil ? "" : "0"))
        cpusOnNode = value("SLURM_JOB_CPUS_PER_NODE").flatMap { Self.firstCount($0) }
        comment = String(
            decoding: (value("SLURM_JOB_COMMENT") ?? "").utf8.prefix(Self.longestComment), as: UTF8.self)
        image = value("SPANK_BIVOUAC_IMAGE").map {
            String(decoding: $0.utf8.prefix(Self.longestComment), as: UTF8.self)
        }
        exit = value("SLURM_JOB_EXIT_CODE2").flatMap { text in
            let parts = text.split(separator: ":").map { Int($0) }
            guard parts.count == 2, let code = parts[0], let signal = parts[1] else { return nil }
            return JobExit(code: code, signal: signal)
        }
        directory = value("SLURM_JOB_WORK_DIR")
        configuration = value("SLURM_CONF")
    }

    /// The first count of Slurm's compressed list, `4` or `4(x2),2`.
    private static func firstCount(_ list: String) -> Int? {
        Int(list.prefix { $0.isASCII && $0.isNumber })
    }

    /// The controller is asked what it granted.
    package func ask() -> any JobQuestion {
        SlurmQuestion(hook: self, granted: SlurmCommand(configuration: configuration).askGrant(of: job))
    }

    /// The line becomes the job's `AdminComment`.
    package func annotate(_ line: String) throws(BatchError) {
        try SlurmCommand(configuration: configuration).setAdminComment(line, of: job)
    }

    /// The words of the comment, where a job names its image, or else `--vm-image` of our SPANK plugin does.
    package var words: [String] {
        comment.split(whereSeparator: \.isWhitespace).map(String.init) + (image.map { ["image=\($0)"] } ?? [])
    }
}

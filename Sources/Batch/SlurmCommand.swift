package import Job
internal import Unix

/// Questions to Slurm's controller, each one bounded call of a Slurm command that asks only for fields that
/// no user can write.
package struct SlurmCommand: SchedulerCommands {
    /// Where Debian, a build from source and the usual site prefix put the commands.
    private static let directories = ["/usr/bin", "/usr/local/bin", "/opt/slurm/bin"]

    let configuration: String?
    let program: BatchProgram

    /// `configuration` is the path of slurm.conf, nil for Slurm's own default; each call ends within `seconds`.
    package init(configuration: String?, seconds: Int = 5) {
        // With this format squeue(1) prints moments as UNIX seconds, whatever the time zone.
        var environment = ["PATH=/usr/bin:/bin", "SLURM_TIME_FORMAT=%s"]
        if let configuration { environment.append("SLURM_CONF=" + configuration) }
        self.configuration = configuration
        program = BatchProgram(
            directories: Self.directories, environment: environment, seconds: seconds)
    }

    /// Asks what the controller granted the job, `squeue -O tres-alloc,EndTime,State,SubmitTime`, and does not wait.
    func askGrant(of job: JobID) -> GrantQuestion {
        let columns = [("tres-alloc", 512), ("EndTime", 64), ("State", 64), ("SubmitTime", 64)]
        let format = columns.map { "\($0):\($1)" }.joined(separator: ",")
        let child = Result { () throws(BatchError) in
            try program.start(
                "squeue", ["--noheader", "--states=all", "--jobs=\(job)", "--Format=" + format])
        }
        return GrantQuestion(self, child, widths: columns.map(\.1))
    }

    /// State of each of the jobs that the controller knows; those that are absent are gone for good.
    package func states(of jobs: [JobID], at now: Timestamp) throws(BatchError) -> [JobID: JobState] {
        guard !jobs.isEmpty else { return [:] }
        let list = jobs.map(\.description).joined(separator: ",")
        let answer = try program.run(
            "squeue",
            [
                "--noheader", "--states=all", "--jobs=" + list,
                "--Format=JobID:64,State:64,RestartCnt:32,EndTime:64",
            ])
        let errors = String(decoding: answer.errors, as: UTF8.self)
        // The controller's answer to a question about one job only that it has forgotten.
        if !answer.succeeded && jobs.count == 1 && errors.contains("Invalid job id specified") { return [:] }
        guard answer.succeeded else { throw program.failure("squeue", answer) }
        var states: [JobID: JobState] = [:]
        for line in String(decoding: answer.output, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 4, let job = JobID(String(words[0])), let restarts = Int(words[2]) else {
                throw BatchError(.node, "squeue answered with a line that cannot be read")
            }
            let end = Int64(words[3]).map { Timestamp(seconds: $0) }
            states[job] = JobState(
                slurm: String(words[1]), restarts: restarts, end: Slurm.limit(end, at: now))
        }
        return states
    }

    /// Puts a line of ours into the accounting record of a job that runs; Slurm takes none after its end.
    package func setAdminComment(_ comment: String, of job: JobID) throws(BatchError) {
        let answer = try program.run("scontrol", ["update", "JobId=\(job)", "AdminComment=" + comment])
        guard answer.succeeded else { throw program.failure("scontrol", answer) }
    }
}

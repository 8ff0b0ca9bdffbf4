internal import Unix

extension SlurmCommand {
    /// The controller's settings, `scontrol show config`.
    package func settings() throws(BatchError) -> SlurmSettings {
        let answer = try program.run("scontrol", ["show", "config"])
        guard answer.succeeded else { throw program.failure("scontrol", answer) }
        return SlurmSettings(String(decoding: answer.output, as: UTF8.self))
    }

    /// What the controller's `job_submit` says of a job on two nodes of that partition, which is tried and not
    /// submitted, `sbatch --test-only`.
    package func trySubmission(to partition: String) throws(BatchError) -> String {
        let answer = try program.run(
            "sbatch",
            [
                "--test-only", "--partition=" + partition, "--nodes=2", "--chdir=/", "--output=/dev/null",
                "--wrap=/bin/true",
            ])
        return String(decoding: answer.errors.prefix(2000), as: UTF8.self)
    }
}

internal import Job
internal import Site
internal import Unix

/// A question to Slurm's controller that is under way, so that the asker can get other things ready meanwhile.
final class GrantQuestion {
    private let commands: SlurmCommand
    private var child: Result<Child, BatchError>?
    private let widths: [Int]

    init(_ commands: SlurmCommand, _ child: consuming Result<Child, BatchError>, widths: [Int]) {
        self.commands = commands
        self.child = consume child
        self.widths = widths
    }

    /// The controller's answer, or why there is none; it is given once.
    func answer() throws(BatchError) -> SlurmGrant {
        guard var child = try child.take()?.get() else { throw BatchError(.node, "squeue was heard already") }
        let answer = try commands.program.answer(of: &child, "squeue")
        guard answer.succeeded else { throw commands.program.failure("squeue", answer) }
        return try SlurmGrant(line: String(decoding: answer.output, as: UTF8.self), columns: widths)
    }
}

/// What Slurm is asked about a job whose Prolog runs.
struct SlurmQuestion: JobQuestion {
    let hook: SlurmHook
    let granted: GrantQuestion

    func job(site: Site, now: Timestamp) throws(BatchError) -> Job {
        try Slurm.job(hook, site: site, granted: granted, now: now)
    }
}

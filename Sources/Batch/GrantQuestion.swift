internal import Unix

/// A question to the controller that is under way, so that the asker can get other things ready meanwhile.
package struct GrantQuestion: ~Copyable {
    private let commands: SlurmCommand
    private let child: Result<Child, BatchError>
    private let widths: [Int]

    init(_ commands: SlurmCommand, _ child: consuming Result<Child, BatchError>, widths: [Int]) {
        self.commands = commands
        self.child = child
        self.widths = widths
    }

    /// The controller's answer, or why there is none.
    package consuming func answer() throws(BatchError) -> SlurmGrant {
        let commands = commands
        let widths = widths
        var child = try child.get()
        let answer = try commands.answer(of: &child, "squeue")
        guard answer.succeeded else { throw commands.failure("squeue", answer) }
        return try SlurmGrant(line: String(decoding: answer.output, as: UTF8.self), columns: widths)
    }
}

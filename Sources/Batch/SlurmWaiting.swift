internal import Job
internal import Unix

/// What squeue(1) prints of the jobs that wait.
enum SlurmWaiting {
    /// In bytes; as much of a comment as a hook looks at.
    static let longestComment = 4096

    /// The format for squeue(1): a line begins with a word that nobody could have known when the job's comment was
    /// written, since a comment may have several lines.
    static func format(_ mark: String) -> String { "\(mark)|%U|%P|%D|%a|%k" }

    /// Reads what squeue printed in that format; a job whose line cannot be read is left out.
    static func read(_ output: String, mark: String) -> [WaitingJob] {
        var found: [WaitingJob] = []
        var lines: [Substring] = []
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(mark + "|"), !lines.isEmpty {
                if let job = job(lines.joined(separator: "\n"), mark: mark) { found.append(job) }
                lines = []
            }
            lines.append(line)
        }
        if let job = job(lines.joined(separator: "\n"), mark: mark) { found.append(job) }
        return found
    }

    private static func job(_ text: String, mark: String) -> WaitingJob? {
        let fields = text.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == mark, let uid = UInt32(fields[1]), let nodes = Int(fields[3])
        else { return nil }
        let comment = String(decoding: fields[5].utf8.prefix(longestComment), as: UTF8.self)
        return WaitingJob(
            uid: uid, queues: fields[2].split(separator: ",").map(String.init), nodes: nodes,
            project: fields[4] == "(null)" ? "" : String(fields[4]),
            words: comment == "(null)\n"
                ? [] : comment.split(whereSeparator: \.isWhitespace).map(String.init))
    }
}

extension SlurmCommand {
    /// One bounded `squeue` for all.
    package func waiting(in partitions: [String]) throws(BatchError) -> [WaitingJob] {
        guard !partitions.isEmpty else { return [] }
        let mark = "bivouac-" + String(UInt64.random(in: 0...(.max)), radix: 16)
        // A whole queue takes longer than a job.
        let patient = SlurmCommand(configuration: configuration, seconds: 30).program
        let answer = try patient.run(
            "squeue",
            [
                "--noheader", "--states=PENDING", "--partition=" + partitions.joined(separator: ","),
                "--format=" + SlurmWaiting.format(mark),
            ], outputLimit: 32 << 20)
        guard answer.succeeded else { throw patient.failure("squeue", answer) }
        return SlurmWaiting.read(String(decoding: answer.output, as: UTF8.self), mark: mark)
    }
}

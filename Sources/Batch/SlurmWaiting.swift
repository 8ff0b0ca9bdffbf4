internal import Job
internal import Unix

/// A job that waits in one of our partitions, as far as the choice of its image depends on it.
///
/// The comment is the user's text and hostile.
package struct SlurmWaiting: Hashable, Sendable {
    package var uid: UInt32
    /// All partitions that the job may run in.
    package var partitions: [String]
    package var nodes: Int
    package var project: String
    /// The words of the comment.
    package var words: [String]

    /// In bytes; as much of a comment as a hook looks at.
    static let longestComment = 4096

    /// The format for squeue(1): a line begins with a word that nobody could have known when the job's comment was
    /// written, since a comment may have several lines.
    static func format(_ mark: String) -> String { "\(mark)|%U|%P|%D|%a|%k" }

    /// Reads what squeue printed in that format; a job whose line cannot be read is left out.
    static func read(_ output: String, mark: String) -> [SlurmWaiting] {
        var found: [SlurmWaiting] = []
        var lines: [Substring] = []
        for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix(mark + "|"), !lines.isEmpty {
                if let job = SlurmWaiting(lines.joined(separator: "\n"), mark: mark) { found.append(job) }
                lines = []
            }
            lines.append(line)
        }
        if let job = SlurmWaiting(lines.joined(separator: "\n"), mark: mark) { found.append(job) }
        return found
    }

    private init?(_ text: String, mark: String) {
        let fields = text.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0] == mark, let uid = UInt32(fields[1]), let nodes = Int(fields[3])
        else { return nil }
        self.uid = uid
        partitions = fields[2].split(separator: ",").map(String.init)
        self.nodes = nodes
        project = fields[4] == "(null)" ? "" : String(fields[4])
        let comment = String(decoding: fields[5].utf8.prefix(Self.longestComment), as: UTF8.self)
        words = comment == "(null)\n" ? [] : comment.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}

extension SlurmCommand {
    /// The jobs that wait in these partitions, a waiting array as one: one bounded `squeue` for all.
    package func waiting(in partitions: [String]) throws(BatchError) -> [SlurmWaiting] {
        guard !partitions.isEmpty else { return [] }
        let mark = "bivouac-" + String(UInt64.random(in: 0...(.max)), radix: 16)
        let answer = try run(
            "squeue",
            [
                "--noheader", "--states=PENDING", "--partition=" + partitions.joined(separator: ","),
                "--format=" + SlurmWaiting.format(mark),
            ], outputLimit: 32 << 20)
        guard answer.succeeded else { throw failure("squeue", answer) }
        return SlurmWaiting.read(String(decoding: answer.output, as: UTF8.self), mark: mark)
    }
}

import Audit
import Batch
import Command
import JSON
import Job
import Site
import Unix

extension Verbs {
    static let audit = [
        Verb(
            "audit", "show", "[--where FIELD=VALUE] [--event NAME] [--since TIME] [--limit N]",
            "the last lines of the log, the oldest first", words: 0...8,
            options: ["where", "event", "since", "limit"],
            notes: """
                FIELD is any field of an event; more conditions may follow the first. TIME is 2026-11-21 or
                2026-11-21T10:00:00Z. --limit is 100 unless given. What a guest said is marked "untrusted".
                """,
            run: showLog),
        Verb(
            "audit", "head", "", "hash of the last line, to be kept where nobody on this node can change it",
            words: 0...0, run: head),
        Verb(
            "audit", "verify", "[--head HASH] [--from N]",
            "reads the whole log and names the first line that is not as written",
            words: 0...0, options: ["head", "from"],
            notes: """
                HASH is what audit head printed. --from 1 demands that no older file was taken away. Exit status 65
                for a log that is not as written, 69 and 75 where that could not be found out.
                """, run: verify),
        Verb(
            "audit", "rotate", "", "begins a new file, whose first line carries the last hash of the old one",
            words: 0...0, run: rotate),
    ]

    private static func log(_ tool: Tool) throws -> AuditLog {
        try tool.requireRoot()
        return AuditLog(path: tool.places.auditLog)
    }

    private static func head(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let head = try log(tool).head(before: Deadline(seconds: 20))
        try tool.show(["head": head?.hash], head?.hash ?? "")
        return ExitStatus.success
    }

    private struct Verified: Encodable {
        let intact: Bool
        var files = 0
        /// Number of the first line that was looked at; where it is not 1, older files are not here.
        var first: Int64 = 0
        /// Whether that is where the log began.
        var whole = false
        var lines: Int64 = 0
        var head: String?
        /// Lines that a writer which died has left unfinished; no sign of tampering.
        var torn: [String] = []
        var anchored = false
        var fault: String?
    }

    private static func verify(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let log = try log(tool)
        let first = try arguments["from"].map { word in
            guard let number = Int64(word), number >= 1 else {
                throw Failure(ExitStatus.usage, "--from is the number of a line, 1 for the first")
            }
            return number
        }
        let verdict: AuditLog.Verdict
        do throws(AuditError) {
            verdict = try log.verify(head: arguments["head"], from: first, before: Deadline(seconds: 20))
        } catch {
            guard error.isTampering else { throw error }
            try tool.show(Verified(intact: false, fault: "\(error)"), "\(error)")
            return ExitStatus.dataRefused
        }
        let torn = verdict.torn.map(\.description)
        var text = "\(verdict.lines) lines in \(verdict.files) files are as written"
        if verdict.first > 1 {
            text += "; lines 1 to \(verdict.first - 1) were not looked at: older files are not here"
        }
        if !torn.isEmpty { text += "; unfinished by a crash: " + torn.joined(separator: ", ") }
        if !verdict.isAnchored { text += "; without --head a missing end cannot be seen" }
        try tool.show(
            Verified(
                intact: true, files: verdict.files, first: verdict.first, whole: verdict.first <= 1,
                lines: verdict.lines, head: verdict.head, torn: torn, anchored: verdict.isAnchored), text)
        return ExitStatus.success
    }

    private static func rotate(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let log = try log(tool)
        try act(tool, "audit rotate")
        let file = try log.rotate(at: tool.now, before: Deadline(seconds: 20))
        // A log without a file of its name would look like one that was taken away.
        try act(tool, "audit rotated", [.init("file", file.map { .string($0) } ?? .null)])
        try tool.show(["file": file], file ?? "")
        return ExitStatus.success
    }

    /// Writes down what an operator does, before it is done.
    static func act(_ tool: Tool, _ action: String, _ more: [JSON.Member] = []) throws {
        let fields: [JSON.Member] = [
            .init("action", .string(action)), .init("operator", .string(tool.author)),
            .init("node", .string(Process.system.host)),
        ]
        try AuditLog(path: tool.places.auditLog).append(
            AuditEvent(.action, fields + more), at: tool.now, before: Deadline(seconds: 20))
    }
}

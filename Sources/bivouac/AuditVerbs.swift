import Audit
import Batch
import Site
import Unix

extension Verbs {
    static let audit = [
        Verb(
            "audit", "head", "", "hash of the last line, to be kept where nobody on this node can change it",
            words: 0...0, run: head),
        Verb(
            "audit", "verify", "[--head HASH]",
            "reads the whole log and names the first line that is not as written",
            words: 0...0, options: ["head"], run: verify),
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
        var lines: Int64?
        var head: String?
        /// Lines that a writer which died has left unfinished; no sign of tampering.
        var torn: [Int] = []
        var anchored = false
        var fault: String?
    }

    private static func verify(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let log = try log(tool)
        do throws(AuditError) {
            let verdict = try log.verify(head: arguments["head"], before: Deadline(seconds: 20))
            let torn = verdict.torn.isEmpty ? "" : ", unfinished by a crash: \(verdict.torn)"
            let end = verdict.isAnchored ? "" : "; without --head a missing end cannot be seen"
            try show(
                tool,
                Verified(
                    intact: true, lines: verdict.lines, head: verdict.head, torn: verdict.torn,
                    anchored: verdict.isAnchored), "\(verdict.lines) lines are as written\(torn)\(end)")
            return ExitStatus.success
        } catch {
            try show(tool, Verified(intact: false, fault: "\(error)"), "\(error)")
            return ExitStatus.dataRefused
        }
    }

    /// Printing fails only where a value cannot be encoded, which these always can.
    private static func show(_ tool: Tool, _ verified: Verified, _ text: String) throws(AuditError) {
        try? tool.show(verified, text)
    }
}

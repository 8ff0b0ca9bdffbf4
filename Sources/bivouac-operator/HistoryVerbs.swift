import Audit
import Batch
import Command
import Job
import Site
import Unix

extension Verbs {
    private struct Told: Encodable {
        let rows: [History.Row]
        /// Older ones that are left out.
        let omitted: Int
        /// Lines of the log that are not intact.
        let damaged: Int
    }

    /// What the audit log has to tell, the last `--limit` of it.
    static func tellHistory(_ tool: Tool, _ arguments: Arguments, of subject: History.Subject) throws -> Int32
    {
        try tool.requireRoot()
        guard let limit = Int(arguments["limit"] ?? "500"), (1...100_000).contains(limit) else {
            throw Failure(ExitStatus.usage, "--limit is a number from 1 to 100000")
        }
        let (history, damaged) = try readHistory(tool, subject, limit: limit)
        try tool.show(
            Told(rows: history.rows, omitted: history.omitted, damaged: damaged), historyTable(history.rows))
        if history.omitted > 0 {
            Process.report("bivouac: \(history.omitted) older lines are left out: --limit N shows more")
        }
        if let first = try AuditLog(path: tool.places.auditLog).first(), first > 1 {
            Process.report("bivouac: lines 1 to \(first - 1) of the audit log are in files that are not here")
        }
        if damaged > 0 {
            Process.report(
                "bivouac: \(damaged) lines of \(tool.places.auditLog) are not intact: bivouac audit verify")
        }
        return ExitStatus.success
    }

    static func readHistory(_ tool: Tool, _ subject: History.Subject, limit: Int) throws -> (History, Int) {
        var history = History(of: subject, limit: limit)
        let damaged = try AuditLog(path: tool.places.auditLog).read(History.events) { history.take($0) }
        history.finish()
        return (history, damaged)
    }

    static func historyTable(_ rows: [History.Row]) -> String {
        Table.text(
            ["TIME", "WHAT", "LIST", "VERSION", "IMAGE", "SHA512", "JOB", "USER", "REASON"],
            rows.map {
                [
                    $0.time.description, $0.what, $0.list ?? "", plain($0.version ?? ""), $0.identifier ?? "",
                    String(($0.sha512 ?? "").prefix(16)), $0.job ?? "", $0.user ?? "", plain($0.reason ?? ""),
                ]
            })
    }
}

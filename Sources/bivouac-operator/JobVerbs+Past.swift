import Audit
import Batch
import Command
import Job
import Site
import Unix

extension Verbs {
    private struct Told: Encodable {
        let machines: [PastMachine]
        /// Whether there are more than the limit.
        let cut: Bool
    }

    /// Machines of past and present jobs, from the audit log.
    static func past(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        var search = MachineSearch(conditions: [], span: nil, limit: try limit(arguments, 1000))
        var hints: [String] = []
        for word in try words(arguments) {
            let (field, value) = try condition(word)
            if let hint = hint(field) { hints.append(hint) }
            switch field {
            case "time": search.span = try span(value)
            case "job":
                search.conditions.append(AuditCondition(["job"], is: try tool.key(value).description))
            case "user":
                search.conditions.append(AuditCondition(["user", "uid"], is: value))
            case "image": search.conditions.append(image(value))
            case "dn", "vo", "uuid", "mac", "ip", "node", "queue", "list", "endorser":
                search.conditions.append(AuditCondition([field], is: value))
            default: throw Failure(ExitStatus.usage, "jobs are not found by '\(field)': see job list --help")
            }
        }
        let answer = try search.run(in: AuditLog(path: tool.places.auditLog))
        try tool.show(Told(machines: answer.rows, cut: answer.isCut), table(answer.rows))
        if answer.rows.isEmpty { for hint in hints { Process.report("bivouac: \(hint)") } }
        if answer.isCut { Process.report("bivouac: there are more: --limit N shows them") }
        return ExitStatus.success
    }

    /// Why nothing may be found by a field that not every machine has.
    private static func hint(_ field: String) -> String? {
        switch field {
        case "mac", "ip": "a machine with network = \"none\" has neither a MAC nor an IP address"
        case "dn": "no batch system names a user's grid name in a way that the user could not have forged"
        default: nil
        }
    }

    /// Eight digits of a SHA-512 are enough.
    private static func image(_ value: String) -> AuditCondition {
        value.utf8.count >= 8 && value.allSatisfy { $0.isHexDigit }
            ? AuditCondition(["sha512"], beginsWith: value.lowercased())
            : AuditCondition(["image", "identifier"], is: value)
    }

    private static func table(_ rows: [PastMachine]) -> String {
        Table.text(
            ["JOB", "USER", "VO", "IMAGE", "SHA512", "UUID", "NODE", "STARTED", "ENDED", "CAUSE"],
            rows.map { row in
                [
                    "\(row.job).\(row.attempt)", row.user ?? "?", row.vo ?? "-", row.image ?? "-",
                    String((row.sha512 ?? "-").prefix(16)), row.uuid ?? "-", row.node ?? "-",
                    row.started?.description ?? "-", row.ended?.description ?? "-",
                    row.refusal ?? row.cause ?? "",
                ]
            })
    }
}

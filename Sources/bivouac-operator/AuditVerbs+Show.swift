import Audit
import Batch
import Command
import Difference
import JSON
import Job
import Site
import Unix

extension Verbs {
    static func showLog(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let limit = try limit(arguments, 100)
        let since = try arguments["since"].map { try span($0).lowerBound }
        let events = try arguments["event"].map { word in
            guard let name = AuditEvent.Name(rawValue: word) else {
                let names = AuditEvent.Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(ExitStatus.usage, "there is no event '\(word)', only \(names)")
            }
            return name
        }
        let conditions = try words(arguments).map { word in
            let (field, value) = try condition(word)
            return AuditCondition([field], is: value)
        }
        var entries: [AuditEntry] = []
        try AuditLog(path: tool.places.auditLog).search(
            events: events.map { [$0] } ?? [], where: conditions
        ) { entry in
            // A clock that was set back: lines before it may be younger.
            if let since, entry.time < since { return .more }
            entries.append(entry)
            return entries.count < limit ? .more : .enough
        }
        entries.reverse()
        if tool.json {
            Process.print(JSON.array(entries.map(\.json)).description + "\n")
        } else {
            for entry in entries { Process.print(line(entry)) }
        }
        return ExitStatus.success
    }

    private static func line(_ entry: AuditEntry) -> String {
        let fields = (entry.fields.members ?? []).map { "\($0.name)=\(printable($0.value))" }
        return "\(entry.time) \(entry.event) \(fields.joined(separator: " "))\n"
    }

    /// What may come from a guest or a user must not deceive whoever reads it; JSON's own backslashes stay.
    private static func printable(_ value: JSON) -> String {
        value.description.utf8.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false)
            .map { PrintableName.text(Array($0)) }.joined(separator: "\\")
    }

    /// The first condition stands behind `--where`, the others are words.
    static func words(_ arguments: Arguments) throws -> [String] {
        guard let first = arguments["where"] else {
            guard arguments.words.isEmpty else { throw Failure(ExitStatus.usage, "--where is missing") }
            return []
        }
        return [first] + arguments.words
    }

    static func condition(_ word: String) throws -> (field: String, value: String) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw Failure(ExitStatus.usage, "'\(word)' is not FIELD=VALUE")
        }
        return (String(parts[0]), String(parts[1]))
    }

    static func limit(_ arguments: Arguments, _ usual: Int) throws -> Int {
        guard let limit = Int(arguments["limit"] ?? "\(usual)"), (1...1_000_000).contains(limit) else {
            throw Failure(ExitStatus.usage, "--limit is a number from 1 to 1000000")
        }
        return limit
    }

    /// A moment, a day, or two of them with `..` between.
    static func span(_ word: String) throws -> ClosedRange<Timestamp> {
        let parts = word.split(separator: "..", omittingEmptySubsequences: false).map(String.init)
        let begins = parts.map { Timestamp($0) ?? Timestamp("\($0)T00:00:00Z") }
        let ends = parts.map { Timestamp($0) ?? Timestamp("\($0)T23:59:59Z") }
        guard parts.count <= 2, let begin = begins[0], let end = ends[parts.count - 1], begin <= end else {
            throw Failure(
                ExitStatus.usage,
                "'\(word)' is no time: 2026-11-21, 2026-11-21T10:00:00Z, or two with .. between")
        }
        return begin...end
    }
}

extension AuditEntry {
    fileprivate var json: JSON {
        .object([
            .init("seq", .integer(sequence)), .init("time", .string(time.description)),
            .init("event", .string(event)), .init("fields", fields),
        ])
    }
}

import Audit
import Batch
import Command
import Evidence
import JSON
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let evidence = [
        Verb("evidence", "list", "", "machines whose start state this node keeps", words: 0...0, run: list),
        Verb(
            "evidence", "show", "JOB|PATH [--html [-o FILE]]", "start and end state of a job's machines",
            words: 1...1, flags: ["html"], options: ["output"],
            notes: """
                --html prints one page, without anything from elsewhere, with the job's timeline and what its machine
                changed, to be read and printed by people; its exit statuses are those of diff, and 0 where no disk was
                kept. -o FILE is --output FILE.
                """,
            run: show),
        Verb(
            "evidence", "diff", "JOB|PATH", "files that the machine added, changed and deleted (untrusted)",
            words: 1...1,
            notes: """
                Compares the image with the machine's disk as it was kept ([evidence] end_state), offline and without
                mounting anything: ext2, ext3 and ext4; of other file systems the changed bytes are counted. What
                gives rights or makes something run comes first, what every start of an image changes comes last.
                Exit status 65 where not all of it could be read.
                """,
            run: diff),
        Verb(
            "evidence", "hold", "JOB|PATH --reason TEXT", "keeps it until it is released, whatever its age",
            words: 1...1, options: ["reason"], run: hold),
        Verb("evidence", "release", "JOB|PATH", "ends a hold", words: 1...1, run: release),
        Verb(
            "evidence", "export", "JOB|PATH... -o FILE [--with-sensitive]",
            "one archive to be taken elsewhere", words: 1...1000, flags: ["with-sensitive"],
            options: ["output"],
            notes: """
                -o FILE is --output FILE. Writes FILE, a tar archive, and FILE.sha512. To check it elsewhere: sha512sum -c FILE.sha512, and after
                unpacking, in the folder evidence: sha512sum -c SHA512SUMS. The archive's SHA-512 also stands in the
                audit log. Disks and memory may hold the job's secrets: --with-sensitive takes them too.
                """,
            run: export),
        Verb(
            "evidence", "prune", "[--dry-run]", "removes what [evidence] keep and limit in site.toml let go",
            words: 0...0, flags: ["dry-run"], run: prune),
    ]

    private struct Row: Encodable {
        let path: String
        let user: String?
        let image: String?
        let started: Timestamp?
        let ended: Timestamp?
        let cause: String?
        let exit: String?
        let bytes: Int64
        let hold: String?

        init(_ entry: EvidenceEntry) {
            path = entry.path
            user = entry.start?.account.name
            image = entry.start?.image.name
            started = entry.start?.recorded
            ended = entry.end?.ended
            cause = entry.end?.cause
            exit = entry.end?.exit
            bytes = entry.bytes
            hold = entry.hold?.reason
        }
    }

    static func store(_ tool: Tool) -> EvidenceStore {
        EvidenceStore(directory: tool.places.evidence)
    }

    private static func list(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let rows = try store(tool).list().map(Row.init)
        try tool.show(
            rows,
            Table.text(
                ["EVIDENCE", "USER", "IMAGE", "STARTED", "ENDED", "EXIT", "SIZE", "HOLD"],
                rows.map {
                    [
                        $0.path, $0.user ?? "?", $0.image ?? "?", $0.started?.description ?? "?",
                        $0.ended?.description ?? "-", $0.exit ?? "-", ByteCount($0.bytes).description,
                        $0.hold ?? "",
                    ]
                }))
        return ExitStatus.success
    }

    private struct Shown: Encodable {
        let path: String
        let start: StartState?
        let end: EndState?
        let hold: Hold?
        /// Names of files that are not as they were recorded.
        let damaged: [String]
    }

    private static func show(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let store = store(tool)
        let evidence = try paths(tool, arguments.words[0])
        if arguments.has("html") { return try page(tool, evidence, arguments["output"]) }
        let shown = try evidence.map { path in
            let entry = try store.entry(path)
            return Shown(
                path: path, start: entry.start, end: entry.end, hold: entry.hold,
                damaged: try EvidenceCheck.damage(of: path, tool.places))
        }
        try tool.show(shown, Table.fields(shown))
        return shown.allSatisfy(\.damaged.isEmpty) ? ExitStatus.success : ExitStatus.dataRefused
    }

    /// The evidence that a word speaks of: a path, or a job with all of its machines; never none.
    static func paths(_ tool: Tool, _ word: String) throws -> [String] {
        if word.contains("/") {
            _ = try store(tool).entry(word)
            return [word]
        }
        let key = try tool.key(word)
        let paths = try store(tool).paths().filter { isOf(key, $0) }
        guard !paths.isEmpty else {
            throw Failure(ExitStatus.dataRefused, "no evidence of '\(word)' is on this node")
        }
        return paths
    }

    /// Whether a path is that of a machine of the job.
    private static func isOf(_ key: JobKey, _ path: String) -> Bool {
        let name = path.drop { $0 != "/" }.dropFirst().prefix { $0 != "~" }
        return MachineName(String(name))?.key == key
    }

    private static func hold(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard let reason = arguments["reason"], !reason.isEmpty, reason.utf8.count <= 500 else {
            throw Failure(ExitStatus.usage, "a hold needs --reason TEXT, of at most 500 bytes")
        }
        for path in try paths(tool, arguments.words[0]) {
            try note(tool, "evidence hold", try store(tool).entry(path), [.init("reason", .string(reason))])
            try store(tool).hold(
                path, Hold(reason: reason, author: tool.author, since: tool.now),
                before: Deadline(seconds: 20))
        }
        return ExitStatus.success
    }

    private static func release(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let held = try paths(tool, arguments.words[0]).map { try store(tool).entry($0) }
            .filter { try store(tool).isHeld($0.path) }
        guard !held.isEmpty else {
            throw Failure(ExitStatus.dataRefused, "there is no hold on \(arguments.words[0])")
        }
        for entry in held {
            let reason = entry.hold.map { JSON.string($0.reason) } ?? .null
            try note(tool, "evidence release", entry, [.init("held", reason)])
            _ = try store(tool).release(entry.path, before: Deadline(seconds: 20))
        }
        return ExitStatus.success
    }

    /// Writes down what is done with evidence before it is done.
    static func note(_ tool: Tool, _ action: String, _ entry: EvidenceEntry, _ more: [JSON.Member] = [])
        throws
    {
        try AuditLog(path: tool.places.auditLog).append(
            AuditEvent(
                .action,
                [.init("action", .string(action)), .init("operator", .string(tool.author))]
                    + identities(entry) + more),
            at: tool.now, before: Deadline(seconds: 20))
    }

    /// What ties a line to the machine.
    private static func identities(_ entry: EvidenceEntry) -> [JSON.Member] {
        var members: [JSON.Member] = [
            .init("evidence", .string(entry.path)), .init("node", .string(Process.system.host)),
        ]
        if let name = MachineName(entry.name) { members.append(.init("job", .string(name.key.description))) }
        if let start = entry.start {
            members += [
                .init("user", .string(start.account.name)), .init("uuid", .string(start.machine.uuid)),
                .init("sha512", .string(start.image.sha512)), .init("vo", .string(start.endorsement.vo)),
            ]
        }
        return members
    }

    private static func prune(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        let isDry = arguments.has("dry-run")
        if !isDry { try act(tool, "evidence prune") }
        let paths = try expire(tool, site, Deadline(seconds: 600), isDry: isDry)
        try tool.show(paths, paths.joined(separator: "\n"))
        return ExitStatus.success
    }

    /// Removes what the site's rule lets go, each with a line in the audit log; what cannot be written down stays.
    static func expire(_ tool: Tool, _ site: Site, _ deadline: Deadline, isDry: Bool = false) throws
        -> [String]
    {
        let log = AuditLog(path: tool.places.auditLog)
        var failure: (any Error)?
        func attempt<Value>(_ step: () throws -> Value) -> Value? {
            guard failure == nil else { return nil }
            do { return try step() } catch { failure = error }
            return nil
        }
        let removed = try store(tool).prune(
            keep: site.evidence.keep, limit: site.evidence.limit, isDry: isDry, now: tool.now,
            before: deadline, busy: { attempt { try LiveJob.unended(tool.places) } },
            announce: { entry in
                let event = AuditEvent(.retention, identities(entry))
                return attempt { try log.append(event, at: tool.now, before: Deadline(seconds: 20)) } != nil
            })
        if let failure { throw failure }
        return removed
    }
}

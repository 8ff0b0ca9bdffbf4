import Batch
import Evidence
import Job
import Site
import Unix

extension Verbs {
    static let evidence = [
        Verb("evidence", "list", "", "machines whose start state this node keeps", words: 0...0, run: list),
        Verb(
            "evidence", "show", "JOB|PATH", "start and end state of a job's machines", words: 1...1, run: show
        ),
        Verb(
            "evidence", "hold", "PATH --reason TEXT", "keeps it until it is released, whatever its age",
            words: 1...1,
            options: ["reason"], run: hold),
        Verb("evidence", "release", "PATH", "ends a hold", words: 1...1, run: release),
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

    private static func store(_ tool: Tool) -> EvidenceStore {
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
        let word = arguments.words[0]
        let paths: [String]
        if word.contains("/") {
            paths = [word]
        } else {
            let key = try tool.key(word)
            paths = try store.paths().filter { isOf(key, $0) }
        }
        let shown = try paths.map { path in
            let entry = try store.entry(path)
            return Shown(
                path: path, start: entry.start, end: entry.end, hold: entry.hold,
                damaged: try store.damage(of: path))
        }
        guard !shown.isEmpty else {
            throw Failure(ExitStatus.dataRefused, "no evidence of '\(word)' is on this node")
        }
        try tool.show(shown, Table.fields(shown))
        return shown.allSatisfy(\.damaged.isEmpty) ? ExitStatus.success : ExitStatus.dataRefused
    }

    /// Whether a path is that of a machine of the job.
    private static func isOf(_ key: JobKey, _ path: String) -> Bool {
        let name = path.drop { $0 != "/" }.dropFirst().prefix { $0 != "~" }
        return MachineName(String(name))?.key == key
    }

    private static func hold(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard let reason = arguments["reason"], !reason.isEmpty else {
            throw Failure(ExitStatus.usage, "a hold needs --reason TEXT")
        }
        let author = Process.environment("SUDO_USER") ?? "root"
        try store(tool).hold(
            arguments.words[0], Hold(reason: reason, author: author, since: tool.now),
            before: Deadline(seconds: 20))
        return ExitStatus.success
    }

    private static func release(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard try store(tool).release(arguments.words[0], before: Deadline(seconds: 20)) else {
            throw Failure(ExitStatus.dataRefused, "there is no hold on \(arguments.words[0])")
        }
        return ExitStatus.success
    }
}

import Batch
import Command
import FoundationEssentials
import JSON
import Job
import JobMachine
import Libvirt
import Site
import Unix

extension Verbs {
    static let job = [
        Verb(
            "job", "list", "[--where FIELD=VALUE...] [--limit N]",
            "jobs that have a machine, or were refused one, on this node; with --where past ones too",
            words: 0...8, options: ["where", "limit"],
            notes: """
                FIELD is job, user, dn, vo, image, uuid, mac, ip, node, queue, list, endorser or time; more
                conditions may follow the first. image is a name, an identifier or the beginning of a SHA-512; time
                is 2026-11-21, 2026-11-21T10:00:00Z or two of them with .. between, and finds what ran then. The
                answer comes from the audit log, the newest machine first, --limit (1000) of them.
                """,
            run: list),
        Verb("job", "show", "JOB", "the record of one job", words: 1...1, run: show),
        Verb(
            "job", "xml", "JOB | --user NAME --queue NAME [--image LIST/ALIAS] [--cpus N] [--memory SIZE]",
            "the admission and the exact domain XML of a job's machine, or of a made-up job's", words: 0...1,
            options: ["user", "queue", "image", "cpus", "memory"], run: xml),
        Verb(
            "job", "console", "JOB [--lines N] [--follow]",
            "what its guest printed on the serial line (untrusted)", words: 1...1, flags: ["follow"],
            options: ["lines"], run: console),
        Verb(
            "job", "destroy", "JOB", "ends its machine at once; the job then fails", words: 1...1,
            run: destroy),
        notify,
    ]

    private static func list(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        if arguments["where"] != nil || !arguments.words.isEmpty { return try past(tool, arguments) }
        var records: [Record] = []
        for key in try LiveJob.keys(tool.places) {
            if let record = try LiveJob.peek(key, places: tool.places) { records.append(record) }
        }
        let rows = records.map { record in
            [
                record.key, record.user, record.queue, record.phase.rawValue, record.image?.name ?? "-",
                record.machine.map(Self.machine) ?? "-",
                trouble(record),
            ]
        }
        try tool.show(
            records, Table.text(["JOB", "USER", "QUEUE", "PHASE", "IMAGE", "MACHINE", "REFUSAL"], rows))
        return ExitStatus.success
    }

    private static func trouble(_ record: Record) -> String {
        if let refusal = record.refusal { return refusal.description }
        if let refusal = record.revoked { return "revoked: \(refusal)" }
        return record.stalled.map { "stands still since \($0): its disk takes nothing more" } ?? ""
    }

    /// TCG is no security boundary, and whoever lists jobs is to see it.
    private static func machine(_ machine: Record.Machine) -> String {
        "\(machine.account) \(machine.memory) cpu \(machine.cpus.map(String.init).joined(separator: ","))"
            + (machine.virtualization == "qemu" ? " (TCG: no security boundary)" : "")
    }

    static func record(_ tool: Tool, _ arguments: Arguments) throws -> Record {
        let key = try tool.key(arguments.words[0])
        guard let record = try LiveJob.peek(key, places: tool.places) else {
            throw Failure(ExitStatus.dataRefused, "job \(key) has no machine on this node")
        }
        return record
    }

    private static func show(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        let record = try record(tool, arguments)
        try tool.show(record, Table.fields(record))
        return ExitStatus.success
    }

    private static func destroy(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let key = try tool.key(arguments.words[0])
        guard let live = try LiveJob.open(key, places: tool.places, before: Deadline(seconds: 10)) else {
            throw Failure(ExitStatus.dataRefused, "job \(key) has no machine on this node")
        }
        try Ending(site: try tool.site(), places: tool.places, clock: { tool.now })
            .destroy(live, by: tool.author)
        return ExitStatus.success
    }
}

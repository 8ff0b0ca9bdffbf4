import Audit
import Batch
import Command
import Evidence
import ImageTrust
import JSON
import Job
import JobMachine
import ListStore
import Site
import Unix

extension Verbs {
    static let metrics = [
        Verb(
            "metrics", "", "",
            "this node's numbers as OpenMetrics text, for node_exporter's textfile collector", words: 0...0,
            run: metrics)
    ]

    private static func metrics(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let site = try tool.site()
        var metrics = Metrics()
        var phases = Dictionary(uniqueKeysWithValues: Phase.allCases.map { ($0.rawValue, Int64(0)) })
        var flags = ["quarantined": Int64(0), "revoked": 0]
        for key in try LiveJob.keys(tool.places) {
            guard let record = try LiveJob.peek(key, places: tool.places) else { continue }
            phases[record.phase.rawValue, default: 0] += 1
            if record.quarantine != nil { flags["quarantined", default: 0] += 1 }
            if record.revoked != nil { flags["revoked", default: 0] += 1 }
        }
        metrics.gauge("machines", "Jobs on this node by the phase of their machine.", "phase", phases)
        metrics.gauge("machines_marked", "Machines that are quarantined or revoked.", "mark", flags)
        metrics.counter(
            "refusals", "Jobs refused, by the refusal's name, as far back as the audit log goes.", "name",
            try refusals(tool))
        metrics.gauge("store_bytes", "Bytes that images take.", try size(of: tool.places.images))
        metrics.gauge("store_limit_bytes", "store.limit of site.toml.", site.store.limit.bytes)
        metrics.gauge("evidence_bytes", "Bytes that evidence takes.", try size(of: tool.places.evidence))
        metrics.gauge(
            "evidence_held_bytes", "Bytes of evidence on hold, which evidence.limit does not count.",
            try heldBytes(store(tool)))
        metrics.gauge("evidence_limit_bytes", "evidence.limit of site.toml.", site.evidence.limit.bytes)
        try addLists(tool, site, &metrics)
        let ticked = try Files.status(tool.places.ticked).map { $0.modified / 1_000_000_000 }
        metrics.gauge("last_tick_timestamp_seconds", "When tick ended last.", ticked)
        let status = try? Files.read(tool.places.ticked, limit: 16)
        metrics.gauge(
            "last_tick_status", "The exit status of that tick.",
            status.flatMap { Int64(String(decoding: $0, as: UTF8.self).dropLast()) })
        try tool.show(["openMetrics": metrics.document], metrics.document)
        return ExitStatus.success
    }

    private static func heldBytes(_ evidence: EvidenceStore) throws -> Int64 {
        try evidence.paths().reduce(0) { sum, path in
            guard try evidence.isHeld(path) else { return sum }
            // What is released and expires meanwhile takes nothing.
            return sum + ((try? evidence.entry(path).bytes) ?? 0)
        }
    }

    private static func refusals(_ tool: Tool) throws -> [String: Int64] {
        var names: [String: Int64] = [:]
        try AuditLog(path: tool.places.auditLog).search(events: [.refusal]) { entry in
            names[entry.fields["refusal"]?.text ?? "", default: 0] += 1
            return .more
        }
        return names
    }

    private static func addLists(_ tool: Tool, _ site: Site, _ metrics: inout Metrics) throws {
        var ages: [String: Int64] = [:]
        var ends: [String: Int64] = [:]
        for name in site.lists.keys {
            guard let list = try ListStore(tool.places).load(name) else { continue }
            ages[name] = tool.now - list.created
            ends[name] = list.expires.seconds
        }
        metrics.gauge("list_age_seconds", "Since when the list in force was made.", "list", ages)
        metrics.gauge("list_expires_timestamp_seconds", "When the list in force expires.", "list", ends)
    }

    /// What the files below a directory take on disk; one that has several names counts once.
    private static func size(of directory: String) throws -> Int64 {
        var seen: Set<UInt64> = []
        func add(_ path: String) throws -> Int64 {
            // What is being removed meanwhile takes nothing.
            guard let status = try Files.status(path) else { return 0 }
            switch status.kind {
            case .directory:
                return try Files.names(in: path).reduce(0) { try $0 + add("\(path)/\($1)") }
            default:
                return status.links > 1 && !seen.insert(status.inode).inserted ? 0 : status.allocated
            }
        }
        return try add(directory)
    }
}

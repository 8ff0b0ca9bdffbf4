import Audit
import Batch
import Command
import Difference
import Evidence
import JSON
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    /// Writes one document of all the machines.
    static func page(_ tool: Tool, _ paths: [String], _ target: String?) throws -> Int32 {
        let store = store(tool)
        var lines: [String: [AuditEntry]] = [:]
        let entries = try paths.map { try store.entry($0) }
        let uuids = Set(entries.compactMap { $0.start?.machine.uuid })
        _ = try AuditLog(path: tool.places.auditLog).read(Set(AuditEvent.Name.allCases)) { line in
            if let uuid = line.fields["uuid"]?.text, uuids.contains(uuid) {
                lines[uuid, default: []].append(line)
            }
        }
        let pages = try entries.map { entry in
            EvidencePage(
                path: entry.path, entry: entry,
                timeline: JobTimeline(entry, entry.start.flatMap { lines[$0.machine.uuid] } ?? []),
                damaged: try EvidenceCheck.damage(of: entry.path, tool.places),
                difference: try told(tool, entry.path))
        }
        let document = EvidencePage.document(pages, at: tool.now).description
        if let target {
            try Files.write(document, to: target, mode: 0o600)
        } else {
            Process.print(document)
        }
        return pages.map(\.status).first { $0 != ExitStatus.success } ?? ExitStatus.success
    }

    /// The difference, or why there is none to be shown.
    private static func told(_ tool: Tool, _ path: String) throws -> Result<Difference, EvidencePage.Reason> {
        guard try store(tool).hasOverlay(path) else {
            return .failure(
                .init(
                    text: "The machine's disk was not kept: what it changed cannot be told.",
                    status: ExitStatus.success))
        }
        do {
            return .success(try difference(tool, path))
        } catch let failure as Failure {
            return .failure(.init(text: failure.message, status: failure.status))
        } catch {
            return .failure(.init(text: "\(error)", status: status(error) ?? ExitStatus.unavailable))
        }
    }
}

import Evidence
import Foundation
import Libvirt

extension MachineRoom {
    /// What is left of a job on the node that is no evidence: nothing, once it has been ended.
    func leftovers(of job: JobOnNode) throws -> [String] {
        let key = "t-\(job.id)"
        let domain = "bivouac-\(key)."
        var found = names("run/bivouac/jobs").filter { $0 == key }.flatMap { name in
            ["live directory"] + names("run/bivouac/jobs/" + name).map { "live file \($0)" }
        }
        found += names("var/lib/bivouac/machines").filter { $0.hasPrefix(key + ".") }.flatMap { name in
            ["machine directory \(name)"]
                + names("var/lib/bivouac/machines/" + name).map { "machine file \($0)" }
        }
        found += names("var/lib/bivouac/users").flatMap { user in
            names("var/lib/bivouac/users/" + user).filter { $0 != "disk.raw" }.map { "\($0) of user \(user)" }
        }
        found += try domains().filter { $0.hasPrefix(domain) }.map { "domain \($0)" }
        found += try processes(of: job).map { "process \($0)" }
        found += try servers(of: job).map { "server \($0)" }
        for part in ["etc", "run", "lib"] {
            let names = FileManager.default.enumerator(atPath: node.path("libvirt/" + part))
            for case let name as String in names ?? .init() where name.contains(domain) {
                found.append("libvirt's \(part)/\(name)")
            }
        }
        found += Self.groups().filter { $0.contains(domain) }.map { "control group \($0)" }
        let mounts = try String(contentsOfFile: "/proc/\(namespace)/mounts", encoding: .utf8)
        found += mounts.split(separator: "\n").filter { $0.contains("/\(key)") }.map { "mount \($0)" }
        return found
    }

    /// All domains of this node's libvirt, running or not.
    func domains() throws -> [String] {
        try Connection.open(libvirt, limit: 20_000).domains(prefix: "")
    }

    /// QEMU processes of a job's machines, with what stands in for their agents.
    func processes(of job: JobOnNode) throws -> [Int32] {
        let mark = Data("guest=bivouac-t-\(job.id).".utf8)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter {
            FileManager.default.contents(atPath: "/proc/\($0)/cmdline")?.range(of: mark) != nil
        }
    }

    /// Processes that serve directories to a job's machines.
    func servers(of job: JobOnNode) throws -> [Int32] {
        let mark = Data("BIVOUAC_MACHINE=\(node.path("var/lib/bivouac/machines/t-\(job.id)."))".utf8)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter {
            FileManager.default.contents(atPath: "/proc/\($0)/environ")?.range(of: mark) != nil
        }
    }

    /// Directories that libvirt made for machines in each hierarchy of control groups.
    private static func groups() -> [String] {
        let root = "/sys/fs/cgroup"
        let hierarchies = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return (["."] + hierarchies).flatMap { hierarchy in
            ["machine", "machine.slice"].flatMap { parent in
                let path = "\(root)/\(hierarchy)/\(parent)"
                return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).map {
                    "\(hierarchy)/\(parent)/\($0)"
                }
            }
        }
    }

    /// Machines that QEMU was started for.
    func started() throws -> [String] {
        try String(contentsOfFile: node.path("starts"), encoding: .utf8).split(separator: "\n").map {
            String($0.dropFirst("bivouac-".count))
        }
    }

    /// Machines of a job that were started and have no whole start state, or were ended without an end state.
    func unexplained(_ job: JobOnNode) throws -> [String] {
        let evidence = evidence(of: job)
        return try Set(started()).filter { $0.hasPrefix("t-\(job.id).") }.filter { machine in
            !evidence.contains { path in
                guard path.hasSuffix("/" + machine) || path.contains("/\(machine)~") else { return false }
                let files = names(path)
                return ["manifest.json", "end.json", "domain.xml", "context.iso.gz", "list.signed"]
                    .allSatisfy { files.contains($0) }
            }
        }.sorted()
    }

    /// How the machines of a job ended, the oldest first, by what is kept of them.
    func ends(of job: JobOnNode) throws -> [EndState] {
        try evidence(of: job).compactMap { FileManager.default.contents(atPath: path($0 + "/end.json")) }
            .map { try JSONDecoder().decode(EndState.self, from: $0) }
    }

    /// The one end of a job's one machine.
    func end(of job: JobOnNode) throws -> EndState {
        let ends = try ends(of: job)
        guard let end = ends.first, ends.count == 1 else {
            throw Harness.error("job \(job.id) has \(ends.count) end states")
        }
        return end
    }

    /// Names of the files that are kept of a job's machines.
    func kept(of job: JobOnNode) -> [String] { evidence(of: job).flatMap { names($0) } }

    /// Directories of what is kept of a job's machines.
    private func evidence(of job: JobOnNode) -> [String] {
        let evidence = "var/lib/bivouac/evidence"
        return names(evidence).filter { $0.hasPrefix("20") }.flatMap { day in
            names("\(evidence)/\(day)").filter { $0.hasPrefix("t-\(job.id).") }
                .map { "\(evidence)/\(day)/\($0)" }
        }
    }
}

// What lies on the node as its own programs see it, with what is mounted there.
extension MachineRoom {
    private func path(_ relative: String) -> String { "/proc/\(namespace)/root" + node.path(relative) }

    /// The names in a directory; none for one that is not there.
    private func names(_ relative: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(relative))) ?? []).sorted()
    }

    /// Start states that were begun and are not whole.
    func unfinished() -> [String] {
        let evidence = "var/lib/bivouac/evidence"
        return names(evidence).filter { $0.hasPrefix("20") }.flatMap { day in
            names("\(evidence)/\(day)").filter { $0.hasSuffix(".new") }
        }
    }

    /// Evidence of which the audit log tells a start and no end, or an end in two ways or in another than its end
    /// state.
    func misreported() throws -> [String] {
        var open: Set<String> = []
        var ends: [String: Set<[String]>] = [:]
        for (event, fields) in audit() {
            guard let evidence = fields["evidence"] as? String else { continue }
            switch event {
            case "start": open.insert(evidence)
            case "end":
                open.remove(evidence)
                let facts = ["endState", "cause", "exit", "cpuSeconds"].map { "\(fields[$0] ?? "")" }
                ends[evidence, default: []].insert(facts)
            default: break
            }
        }
        let wrong = try ends.filter { evidence, told in
            let file = path("var/lib/bivouac/evidence/\(evidence)/end.json")
            let data = try Data(contentsOf: URL(fileURLWithPath: file))
            let end = try JSONDecoder().decode(EndState.self, from: data)
            let exit: Any = end.exit ?? NSNull()
            let cpu: Any = end.usage?.cpuSeconds ?? NSNull()
            return told.map { $0.dropFirst() } != [[end.cause, "\(exit)", "\(cpu)"]]
        }
        return open.sorted() + wrong.map { "\($0.key): \($0.value)" }.sorted()
    }

    /// The lines of the audit log; what a writer that died has left is none.
    func audit() -> [(event: String, fields: [String: Any])] {
        let log = FileManager.default.contents(atPath: path("var/log/bivouac/audit.jsonl")) ?? Data()
        return log.split(separator: 0x0A).compactMap { line in
            guard let line = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
                let event = line["event"] as? String, let fields = line["fields"] as? [String: Any]
            else { return nil }
            return (event, fields)
        }
    }

    /// The phase in a job's record; nil when it has none.
    func phase(_ job: JobOnNode) throws -> String? {
        let record = path("run/bivouac/jobs/t-\(job.id)/record.json")
        guard let data = FileManager.default.contents(atPath: record) else { return nil }
        return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["phase"] as? String
    }

    /// The phase as the job's user reads it; nil when its launcher could not, or not reach the machine that runs.
    func look(_ job: JobOnNode) async throws -> String? {
        let user = "\(JobOnNode.nobody)"
        let live = node.path("run/bivouac/jobs/t-\(job.id)")
        let run = try await run([
            "/usr/bin/setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--", "/bin/sh", "-c",
            "cat \"$1/record.json\" && { test -w \"$1/payload.sock\" || ! grep -q '\"phase\":\"running\"' \"$1/record.json\"; }",
            "sh", live,
        ])
        guard run.status == 0 else { return nil }
        return (try JSONSerialization.jsonObject(with: run.output) as? [String: Any])?["phase"] as? String
    }
}

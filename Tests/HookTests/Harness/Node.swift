import Foundation

/// A node's file tree below a directory of a test's own, and the built programs run on it.
final class Node: Sendable {
    let root: String
    let endorsement: Endorsement

    /// A node with the usual site, whose list has been refreshed.
    init(refreshed: Bool = true) throws {
        endorsement = try Surroundings.endorsement()
        root = "/tmp/bivouac-test-" + String(UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(
            atPath: root, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
        try write("etc/bivouac/endorsers.d/eve.toml", Self.endorser(Endorsement.dn))
        try write("etc/bivouac/lists.d/demo.toml", subscription(endorsement.list))
        try configure()
        if refreshed { try refresh() }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    static func endorser(_ dn: String, vo: String = "demo") -> String {
        "dn = \"\(dn)\"\nca = \"\(Endorsement.ca)\"\nvo = \"\(vo)\"\n"
    }

    /// A file of lists.d; `settings` are lines of it.
    func subscription(
        _ list: String, identifier: String = Endorsement.list, endorsers: [String] = ["eve"],
        imageClass: Int = 2,
        _ settings: String = ""
    ) -> String {
        """
        uri = "file://\(list)"
        identifier = "\(identifier)"
        endorsers = [\(endorsers.map { "\"\($0)\"" }.joined(separator: ", "))]
        class = \(imageClass)
        \(settings)
        [images]
        minimal = "\(Endorsement.image)"

        """
    }

    /// Writes site.toml: the usual settings with these in their places; nil leaves one out.
    func configure(_ changes: [String: String?] = [:], queue more: [String: String?] = [:]) throws {
        var site: [String: String] = [
            "cluster": "\"t\"", "anchors": "\"\(endorsement.anchors)\"", "virtualization": "\"qemu\"",
            "boot_timeout": "\"5s\"", "prologue_timeout": "\"60s\"", "libvirt": "\"test:///default\"",
            "qemu_accounts": "\"\(Surroundings.pool)\"",
        ]
        var queue: [String: String] = [
            "image": "\"demo/minimal\"", "allow": "[\"demo/*\"]", "classes": "[1, 2]",
            "memory": "\"512 MiB\"",
        ]
        for (key, value) in changes { site[key] = value }
        for (key, value) in more { queue[key] = value }
        func lines(_ settings: [String: String]) -> String {
            settings.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)\n" }.joined()
        }
        try write("etc/bivouac/site.toml", lines(site) + "[queue.vm]\n" + lines(queue))
    }

    /// Writes a file below the root.
    func write(_ path: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(root)/\(path)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func refresh() throws {
        let run = try bivouac("list", "refresh")
        guard run.status == 0 else { throw Harness.error("list refresh: \(run.status): \(run.errors)") }
    }

    // MARK: Programs

    func bivouac(_ words: String...) throws -> Outcome { try bivouac(words) }

    func bivouac(_ words: [String]) throws -> Outcome {
        try Launch.run([Built.bivouac] + words, environment: ["BIVOUAC_ROOT": root])
    }

    @discardableResult
    func prologue(_ job: JobOnNode = JobOnNode()) throws -> Outcome { try startPrologue(job).wait() }

    func startPrologue(_ job: JobOnNode = JobOnNode()) throws -> Launch {
        try Launch(Built.prologue, environment: job.environment.merging(["BIVOUAC_ROOT": root]) { $1 })
    }

    @discardableResult
    func epilogue(_ job: JobOnNode = JobOnNode()) throws -> Outcome { try startEpilogue(job).wait() }

    func startEpilogue(_ job: JobOnNode = JobOnNode()) throws -> Launch {
        try Launch(Built.epilogue, environment: job.environment.merging(["BIVOUAC_ROOT": root]) { $1 })
    }

    /// The launcher as the job's task: as the user, in a script's place.
    func launcher(_ job: JobOnNode = JobOnNode(), environment: [String: String] = [:]) throws -> Outcome {
        try Launch.run(
            Launch.words([endorsement.launcher, "--root=\(root)", "--", "/bin/true"], as: job.uid),
            environment: ["SLURM_JOB_ID": job.id].merging(environment) { $1 })
    }

    // MARK: What lies on the node

    func path(_ relative: String) -> String { "\(root)/\(relative)" }

    /// The live directory of a job.
    func live(_ job: JobOnNode = JobOnNode()) -> String { path("run/bivouac/jobs/t-\(job.id)") }

    /// A job's record; nil when it has none.
    func record(_ job: JobOnNode = JobOnNode()) throws -> [String: Any]? {
        guard let data = FileManager.default.contents(atPath: live(job) + "/record.json") else { return nil }
        return try JSONSerialization.jsonObject(with: data) as? [String: Any]
    }

    func phase(_ job: JobOnNode = JobOnNode()) throws -> String? { try record(job)?["phase"] as? String }

    /// The names in a directory; none for one that is not there.
    func names(_ relative: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(relative))) ?? []).sorted()
    }

    var jobs: [String] { names("run/bivouac/jobs") }
    var machines: [String] { names("var/lib/bivouac/machines") }

    /// Start states that this node keeps.
    var evidence: [String] {
        names("var/lib/bivouac/evidence").filter { $0.hasPrefix("20") }
            .flatMap { names("var/lib/bivouac/evidence/" + $0) }
    }

    /// The lines of the audit log, without their chain.
    func audit() throws -> [(event: String, fields: [String: Any])] {
        let data = FileManager.default.contents(atPath: path("var/log/bivouac/audit.jsonl")) ?? Data()
        return try data.split(separator: 0x0A).map { line in
            let object = try JSONSerialization.jsonObject(with: line) as? [String: Any]
            return (object?["event"] as? String ?? "", object?["fields"] as? [String: Any] ?? [:])
        }
    }

    /// Permissions and owner of a file.
    func mode(_ path: String) throws -> (mode: Int, owner: Int) {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (
            (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1,
            (attributes[.ownerAccountID] as? NSNumber)?.intValue ?? -1
        )
    }
}

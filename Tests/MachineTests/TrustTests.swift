import Foundation
import Job
import Site
import Testing
import Unix

@Suite("What is endorsed no more", .needsCluster)
struct TrustTests {
    /// The next job that asks for the list's image is refused by this name.
    private func expect(
        _ name: Refusal.Name, _ list: TestList, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (job, state) = try await Submission("echo never", [list.option], partition: "vmlists").run()
        #expect(state.exitCode == 78, sourceLocation: sourceLocation)
        #expect(job.complaints.count == 1, "\(job.errors)", sourceLocation: sourceLocation)
        #expect(
            job.complaints.first?.hasPrefix("bivouac: \(name.rawValue): ") == true, "\(job.errors)",
            sourceLocation: sourceLocation)
        #expect(job.text == "", sourceLocation: sourceLocation)
    }

    @Test("UnknownImage: the newest version of the list has dropped the image", .boots)
    func dropped() async throws {
        let list = TestList("dropped")
        try list.makeFile()
        try await list.publish(["--version", "1"])
        try await list.sign(naming: UUID().uuidString.lowercased(), ["--version", "2"])
        #expect(try await list.refresh().succeeded)
        try await expect(.UnknownImage, list)
    }

    @Test(
        "is refused at the next job's start and found where it runs: told, noticed, frozen or ended, as the site wants",
        .alone)
    func running() async throws {
        let list = TestList("revocable")
        try Files.remove(list.file)
        try Files.link("\(Cluster.directory)/image/minimal.qcow2", to: list.file)
        try await list.issue("rhea", "Rhea Endorser")
        try await list.sign(by: "rhea", ["--version", "1"])
        try list.subscribe(endorsers: ["rhea"])
        #expect(try await list.refresh().succeeded)

        // A newer version that somebody has changed leaves the one before in force.
        try await list.sign(by: "rhea", ["--version", "2"])
        let text = try TestSite.read(list.published)
        try Files.write(
            text.replacingOccurrences(of: "A test image", with: "A best image"), to: list.published,
            mode: 0o644)
        let refused = try await list.refresh()
        #expect(refused.status == 65)
        #expect((refused.errors + refused.text).contains("DigestMismatch"), "\(refused.errors)")
        let job = try await Submission(
            "echo ready; while :; do sleep 0.3; done", [list.option], partition: "vmlists"
        ).submit()
        try await job.says("ready")

        let denial = "\(Cluster.places.denials)/bivouac-test-revocable.toml"
        let reason = "identifier = [\"\(list.image)\"]\nreason = \"a hole\"\n"
        try Files.write(reason, to: denial, mode: 0o644)
        do {
            defer { _ = try? Files.remove(denial) }
            try await expect(.ImageDenied, list)
            try await ticks("the denial is told", until: { try revoked(job) == "ImageDenied" })
            #expect(try job.phase == "running")
            #expect(try await Cluster.bivouac("job", "list").text.contains("revoked: ImageDenied"))
        }
        try await ticks("that it was taken back is told", until: { try revoked(job) == nil })

        // The node's own ticks look too: what they are to do must be said before there is something to do.
        try await ticks("the job is noticed", "notice") {
            try await list.revoke("rhea")
            try await expect(.CertRevoked, list)
        } until: {
            job.errors.contains("CertRevoked")
        }
        #expect(try job.phase == "running")
        try await ticks("the machine stands still", "quarantine", until: { try job.phase == "paused" })
        #expect(try actions(job) == ["report", "withdrawn", "notice"])
        let evidence = try #require(try job.record()?["evidence"] as? String)
        try await eventually("its evidence is on hold", within: 600) {
            Files.exists("\(Cluster.places.evidence)/\(evidence)/hold.json") ? true : nil
        }
        try await ticks("the machine is ended", "destroy", until: { try job.record() == nil })
        let state = try await job.ended()
        #expect(state.exitCode != 0)
        #expect(Files.exists("\(Cluster.places.evidence)/\(evidence)/overlay.qcow2"))
    }

    /// Runs `tick` until something is so, with the site's word on what becomes of a revoked machine.
    private func ticks(
        _ what: String, _ rule: String = "report", after change: () async throws -> Void = {},
        until holds: () throws -> Bool
    ) async throws {
        _ = try await TestSite.changing(Cluster.places.siteFile) {
            "revoked = \"\(rule)\"\n" + $0
        } during: {
            try await change()
            try await eventually(what, within: 600, every: 500) {
                try await Cluster.tick()
                return try holds() ? true : nil
            }
        }
    }

    private func revoked(_ job: SlurmJob) throws -> String? {
        (try job.record()?["revoked"] as? [String: Any])?["name"] as? String
    }

    /// What the audit log says was to be done about the job.
    private func actions(_ job: SlurmJob) throws -> [String] {
        try TestSite.read(Cluster.places.auditLog).split(separator: "\n").compactMap { line in
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            let fields = entry?["fields"] as? [String: Any]
            guard entry?["event"] as? String == "revocation", fields?["job"] as? String == job.key else {
                return nil
            }
            return fields?["action"] as? String
        }
    }
}

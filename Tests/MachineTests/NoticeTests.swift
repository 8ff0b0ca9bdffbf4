import Foundation
import Site
import Testing
import Unix

@Suite("A payload learns of its end while it runs", .needsCluster, .boots)
struct NoticeTests {
    private func audited(_ job: SlurmJob) async throws -> [String] {
        let log = try String(contentsOfFile: Cluster.places.auditLog, encoding: .utf8)
        return log.split(separator: "\n").map(String.init)
            .filter { $0.contains("\"\(job.key)\"") && $0.contains("\"notice\"") }
    }

    @Test("by job notify, a changed time limit and TERM: in time, with signal, line and audit")
    func follows() async throws {
        let job = try await Submission(EndWatch.script, ["--time=10", "--comment=notice_signal=USR1"])
            .submit()
        let first = try await EndWatch.nextEnd(job, after: 0)
        let now = currentSeconds()
        #expect((now + 8 * 60...now + 10 * 60).contains(first))

        let notified = try await Cluster.bivouac(
            "job", "notify", job.key, "--in", "5m", "--reason", "rack 7 is drained")
        #expect(notified.succeeded, "\(notified.errors)")
        let second = try await EndWatch.nextEnd(job, after: 1)
        #expect((now + 295...now + 360).contains(second))
        try await job.says("warned", within: 600)

        // The scheduler's end is now before the site's.
        try await Command.require(
            ["/usr/bin/scontrol", "update", "JobId=\(job.id)", "TimeLimit=4"],
            environment: Cluster.slurmEnvironment)
        #expect(try await Cluster.tick().succeeded)
        let third = try await EndWatch.nextEnd(job, after: 2)
        #expect(third < second)
        let lines = try await audited(job)
        #expect(lines.count == 2)
        #expect(lines.first?.contains("rack 7 is drained") == true)
        // Nothing is new: nobody is told anything.
        #expect(try await Cluster.tick().succeeded)

        try await job.signal(["--full"])
        try await job.cancel()
        let state = try await job.ended()
        #expect(state.word == "CANCELLED")
        #expect(EndWatch.ends(job).count <= 4)
        // How it ended, as root learns it: the moment of TERM is the guest's word.
        let end = try #require(
            try String(contentsOfFile: Cluster.places.auditLog, encoding: .utf8).split(separator: "\n")
                .first { $0.contains("\"\(job.key)\"") && $0.contains("\"event\":\"end\"") })
        #expect(end.contains("\"terminated\":{\"untrusted\":\"2"), "\(end)")
        let page = try await Cluster.bivouac("evidence", "show", job.key, "--html")
        #expect(page.text.contains("payload told to end (TERM), says the guest"), "\(page.errors)")
        let grace = try #require(Int(job.lines.first?.split(separator: " ").last ?? ""))
        let left = try #require(
            Int(job.lines.first { $0.hasPrefix("left ") }?.split(separator: " ").last ?? ""))
        #expect((0...grace).contains(left))
        #expect(
            job.complaints.filter { $0.hasPrefix("bivouac: ") }.map { $0.prefix(30) } == [
                "bivouac: the job must end by 2", "bivouac: the job must end by 2",
                "bivouac: the job was told to e",
            ])
    }

    @Test("a signal that is none is refused before anything is made")
    func badSignal() async throws {
        let (job, state) = try await Submission("echo never", ["--comment=notice_signal=KILL"]).run()
        #expect(state.exitCode == 78)
        #expect(job.complaints.count == 1 && job.complaints[0].contains("BadNoticeSignal"))
    }
}

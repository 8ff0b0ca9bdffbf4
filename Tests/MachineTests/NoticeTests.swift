import Foundation
import Site
import Testing
import Unix

@Suite("A payload learns of its end while it runs", .needsCluster, .boots)
struct NoticeTests {
    /// Writes what the payload reads of its end, whenever that changes.
    private static let watch = """
        trap 'echo warned' USR1
        trap 'echo "left $(($(cat $JOBFEATURES/shutdowntime_job) - $(date +%s)))"; exit 3' TERM
        echo "grace $(cat $JOBFEATURES/grace_secs_job)"
        last=
        while :; do
            now=$(cat $JOBFEATURES/shutdowntime_job)
            [ "$now" = "$last" ] || echo "end $now"
            last=$now
            sleep 0.2
        done
        """

    private func ends(_ job: SlurmJob) -> [Int64] {
        job.lines.filter { $0.hasPrefix("end ") }.compactMap { Int64($0.dropFirst(4)) }
    }

    /// Waits for the payload to have read another end, which is the one returned.
    private func nextEnd(_ job: SlurmJob, after count: Int) async throws -> Int64 {
        try await eventually("the payload reads its new end", within: 30) {
            let ends = ends(job)
            return ends.count > count ? ends[count] : nil
        }
    }

    private func audited(_ job: SlurmJob) async throws -> [String] {
        let log = try String(contentsOfFile: Cluster.places.auditLog, encoding: .utf8)
        return log.split(separator: "\n").map(String.init)
            .filter { $0.contains("\"\(job.key)\"") && $0.contains("\"notice\"") }
    }

    @Test("by job notify, a changed time limit and TERM: in time, with signal, line and audit")
    func follows() async throws {
        let job = try await Submission(Self.watch, ["--time=10", "--comment=notice_signal=USR1"]).submit()
        let first = try await nextEnd(job, after: 0)
        let now = currentSeconds()
        #expect((now + 8 * 60...now + 10 * 60).contains(first))

        let notified = try await Cluster.bivouac(
            "job", "notify", job.key, "--in", "5m", "--reason", "rack 7 is drained")
        #expect(notified.succeeded, "\(notified.errors)")
        let second = try await nextEnd(job, after: 1)
        #expect((now + 295...now + 330).contains(second))
        try await job.says("warned", within: 20)

        // The scheduler's end is now before the site's.
        try await Command.require(
            ["/usr/bin/scontrol", "update", "JobId=\(job.id)", "TimeLimit=4"],
            environment: Cluster.slurmEnvironment)
        #expect(try await Cluster.bivouac("tick").succeeded)
        let third = try await nextEnd(job, after: 2)
        #expect(third < second)
        let lines = try await audited(job)
        #expect(lines.count == 2)
        #expect(lines.first?.contains("rack 7 is drained") == true)
        // Nothing is new: nobody is told anything.
        #expect(try await Cluster.bivouac("tick").succeeded)

        try await job.signal(["--full"])
        try await job.cancel()
        let state = try await job.ended()
        #expect(state.word == "CANCELLED")
        #expect(ends(job).count <= 4)
        let grace = try #require(Int(job.lines.first?.split(separator: " ").last ?? ""))
        let left = try #require(
            Int(job.lines.first { $0.hasPrefix("left ") }?.split(separator: " ").last ?? ""))
        #expect((grace - 3...grace).contains(left))
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

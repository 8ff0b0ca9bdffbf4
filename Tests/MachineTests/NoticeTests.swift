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
        #expect((grace - 3...grace).contains(left))
        #expect(
            job.complaints.filter { $0.hasPrefix("bivouac: ") }.map { $0.prefix(30) } == [
                "bivouac: the job must end by 2", "bivouac: the job must end by 2",
                "bivouac: the job was told to e",
            ])
    }

    @Test(
        "by a node that drains and one that serves again, and by preemption, whose grace it has",
        .alone, arguments: Cluster.isLong ? ["vmlow", "vmback"] : ["vmlow"])
    func preempted(partition: String) async throws {
        let job = try await Submission(
            "trap 'echo preempted' USR2\n" + Self.watch,
            ["--time=10", "--no-requeue", "--comment=notice_signal=USR1", "--signal=B:USR2@10"],
            partition: partition
        ).submit()
        _ = try await nextEnd(job, after: 0)
        try await TestSite.changing(
            Cluster.places.siteFile, { "drain = \"3m\"\n" + $0 },
            during: {
                let now = currentSeconds()
                try await Command.require(
                    [
                        "/usr/bin/scontrol", "update", "NodeName=\(try await Node.name)", "State=DRAIN",
                        "Reason=rack 7",
                    ], environment: Cluster.slurmEnvironment)
                #expect(try await Cluster.bivouac("tick").succeeded)
                #expect((now + 175...now + 200).contains(try await nextEnd(job, after: 1)))
                try await Node.resume()
                #expect(try await Cluster.bivouac("tick").succeeded)
                #expect(try await nextEnd(job, after: 2) > now + 400)
            })
        // A job of the host's that wants the whole node.
        let urgent = try await Submission("echo urgent", ["--exclusive"], partition: "urgent").submit()
        try await job.says("preempted", within: 60)
        #expect(try await Cluster.bivouac("tick").succeeded)
        // Slurm's GraceTime less the way out.
        let last = try await nextEnd(job, after: 3)
        #expect((5...20).contains(last - currentSeconds()))
        let state = try await job.ended()
        #expect(["PREEMPTED", "CANCELLED"].contains(state.word), "\(state)")
        #expect(job.lines.filter { $0 == "warned" }.count == 2, "\(job.text)")
        #expect(job.lines.last == "left 8", "\(job.text)")
        #expect(try await urgent.ended().exitCode == 0)
        #expect(
            job.complaints.filter { $0.hasSuffix(": its node drains") }.count == 1
                && job.complaints.filter { $0.hasSuffix(": its node is in service again") }.count == 1)
    }

    @Test("a signal that is none is refused before anything is made")
    func badSignal() async throws {
        let (job, state) = try await Submission("echo never", ["--comment=notice_signal=KILL"]).run()
        #expect(state.exitCode == 78)
        #expect(job.complaints.count == 1 && job.complaints[0].contains("BadNoticeSignal"))
    }
}

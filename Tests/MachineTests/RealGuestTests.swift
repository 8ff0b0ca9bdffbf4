import Foundation
import Job
import Site
import Testing
import Unix

extension Trait where Self == ConditionTrait {
    /// For what takes minutes: `Tests/run --long` makes the image and names it.
    static var needsRealGuest: Self {
        .enabled(
            if: RealGuestTests.file != nil,
            "needs an image of Tests/guests/build, named in BIVOUAC_TEST_GUEST")
    }
}

/// Debian 12 with systemd, cloud-init and a contextualisation by OpenNebula's rules, as Tests/guests/build makes
/// it; none of that knows Bivouac.
@Suite("An image from elsewhere", .needsCluster, .needsRealGuest, .serialized, .alone)
struct RealGuestTests {
    static var file: String? { Unix.Process.environment("BIVOUAC_TEST_GUEST") }

    private static let script = """
        trap 'echo warned' USR1
        id -un
        echo "hostname $(hostname)"
        for key in total_cpu job_id shutdowntime_job grace_secs_job scratch_limit_bytes; do
            cat $MACHINEFEATURES/$key $JOBFEATURES/$key 2>/dev/null | tr '\\n' ' ' | sed "s/^/$key /"; echo
        done
        systemctl is-system-running 2>/dev/null
        ls /home; sudo -n true 2>&1 | head -1
        first=$(cat $JOBFEATURES/shutdowntime_job)
        echo ready
        while [ "$(cat $JOBFEATURES/shutdowntime_job)" = "$first" ]; do sleep 0.5; done
        echo "told $(($(cat $JOBFEATURES/shutdowntime_job) - $(date +%s)))"
        $(cat $MACHINEFEATURES/shutdown_command) 200 all done
        sleep 600
        """

    private func publish(_ form: ContextForm?) async throws -> TestList {
        let list = TestList("guests")
        try Files.remove(list.file)
        try Files.link(try #require(Self.file), to: list.file)
        try await list.publish([], form.map { "context = \"\($0.rawValue)\"" } ?? "")
        return list
    }

    @Test(
        "runs a job, tells it features and notice, and ends early, by whichever context it looks for",
        arguments: ContextForm.allCases.map(Optional.some) + [nil])
    func runs(form: ContextForm?) async throws {
        let list = try await publish(form)
        let job = try await Submission(
            Self.script, ["--mem=900M", "--time=15", list.option + " notice_signal=USR1"],
            partition: "vmlists"
        ).submit()
        try await job.says("ready", within: 400)
        let outcome = try await Cluster.bivouac("job", "notify", job.key, "--in", "2m", "--reason", "drain")
        #expect(outcome.succeeded, "\(outcome.errors)")
        let state = try await job.ended(within: 60)
        #expect(state.exitCode == 0, "\(job.errors)")
        #expect(job.lines.first == Cluster.name)
        #expect(job.lines.contains("warned"))
        #expect(job.lines.contains("total_cpu 1"))
        #expect(job.lines.contains("job_id \(job.id)"))
        // Its usual account, which may become root, is made by cloud-init where nobody says otherwise.
        if form != .hepix { #expect(!job.lines.contains("debian")) }
        let told = job.lines.first { $0.hasPrefix("told ") }.flatMap { Int($0.dropFirst(5)) }
        #expect((90...125).contains(told ?? 0), "\(job.text)")
        #expect(job.complaints.contains("bivouac: the payload asks for the end of the job: 200 all done"))
    }
}

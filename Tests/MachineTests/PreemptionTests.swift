import Foundation
import Site
import Testing
import Unix

@Suite("What happens to a node and its queue reaches a payload", .needsCluster, .alone)
struct PreemptionTests {
    @Test(
        "when the node drains and serves again, and when the job is preempted, with the grace it has",
        arguments: Cluster.isLong ? ["vmlow", "vmback"] : ["vmlow"])
    func preempted(partition: String) async throws {
        let job = try await Submission(
            "trap 'echo preempted' USR2\n" + EndWatch.script,
            ["--time=10", "--no-requeue", "--comment=notice_signal=USR1", "--signal=B:USR2@10"],
            partition: partition
        ).submit()
        _ = try await EndWatch.nextEnd(job, after: 0)
        try await TestSite.changing(
            Cluster.places.siteFile, { "drain = \"3m\"\n" + $0 },
            during: {
                let now = currentSeconds()
                try await Command.require(
                    [
                        "/usr/bin/scontrol", "update", "NodeName=\(try await Node.name)", "State=DRAIN",
                        "Reason=rack 7",
                    ], environment: Cluster.slurmEnvironment)
                #expect(try await Cluster.tick().succeeded)
                #expect((now + 175...now + 240).contains(try await EndWatch.nextEnd(job, after: 1)))
                try await Node.resume()
                #expect(try await Cluster.tick().succeeded)
                #expect(try await EndWatch.nextEnd(job, after: 2) > now + 400)
            })
        // A job of the host's that wants the whole node.
        let urgent = try await Submission("echo urgent", ["--exclusive"], partition: "urgent").submit()
        try await job.says("preempted", within: 600)
        #expect(try await Cluster.tick().succeeded)
        // Slurm's GraceTime less the way out.
        let last = try await EndWatch.nextEnd(job, after: 3)
        #expect((0...20).contains(last - currentSeconds()))
        let state = try await job.ended()
        #expect(["PREEMPTED", "CANCELLED"].contains(state.word), "\(state)")
        #expect(job.lines.filter { $0 == "warned" }.count == 2, "\(job.text)")
        // KillWait's, not the queue's.
        #expect(job.lines.first == "grace 5")
        let left = job.lines.last.flatMap { $0.hasPrefix("left ") ? Int($0.dropFirst(5)) : nil }
        #expect((0...8).contains(left ?? -1), "\(job.text)")
        #expect(try await urgent.ended().exitCode == 0)
        #expect(
            job.complaints.filter { $0.hasSuffix(": its node drains") }.count == 1
                && job.complaints.filter { $0.hasSuffix(": its node is in service again") }.count == 1)
    }
}

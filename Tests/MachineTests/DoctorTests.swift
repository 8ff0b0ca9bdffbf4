import Foundation
import Testing
import Unix

@Suite("bivouac doctor on a node that runs jobs", .needsCluster, .alone)
struct DoctorTests {
    private struct Answer: Decodable, CustomStringConvertible {
        let name: String
        let verdict: String
        let message: String

        var description: String { "\(name) \(verdict): \(message)" }
    }

    private func ask() async throws -> [Answer] {
        let outcome = try await Cluster.bivouac("doctor", "--json")
        return try JSONDecoder().decode([Answer].self, from: Data(outcome.output))
    }

    /// What this machine deserves, and the queues that the tests broke on purpose.
    private func isExpected(_ answer: Answer) -> Bool {
        switch answer.name {
        case "Virtualization": answer.verdict == "warning" && answer.message.contains("TCG")
        case "Clock": answer.verdict != "failure" && WallClock.isKeptRight != true
        case "Accounts", "Space": answer.verdict == "warning"
        case "Lists": !answer.message.hasPrefix("demo ") && !answer.message.hasPrefix("demo:")
        case "Admission": answer.message.contains("queue vmclass") || answer.message.contains("queue vmstage")
        default: false
        }
    }

    @Test("finds a healthy node healthy, and leaves a job that runs alone")
    func healthy() async throws {
        _ = try await Cluster.ready()
        let script = "trap 'exit 3' USR1; echo ready; while :; do sleep 1; done"
        let job = try await Submission(script).submit()
        try await job.says("ready")
        try await Cluster.tick()
        let answers = try await ask()
        let bad = answers.filter { $0.verdict != "ok" && !isExpected($0) }
        #expect(bad.isEmpty, "\(bad)")
        for name in ["Machine", "Confinement", "Console", "Scheduler", "JobSubmit", "Leftovers", "AuditLog"] {
            #expect(answers.contains { $0.name == name && $0.verdict == "ok" }, "\(name)")
        }
        #expect(try await job.state().word == "RUNNING")
        try await job.signal(["--batch", "--signal=USR1"])
        #expect(try await job.ended().exitCode == 3)
    }

    @Test(
        "finds hooks that Slurm is told to call and that are not ours, and settings that contradict each other"
    )
    func slurm() async throws {
        _ = try await Cluster.ready()
        try await TestSite.changing(Cluster.programs + "/slurm/prolog") {
            $0.replacingOccurrences(of: "vm", with: "xx")
        } during: {
            let answers = try await ask()
            #expect(
                answers.contains {
                    $0.name == "Hooks" && $0.verdict == "failure"
                        && $0.message.contains("does not fit site.toml")
                })
        }
        try await TestSite.changing(Cluster.programs + "/slurm/task_prolog.conf") {
            $0.replacingOccurrences(of: "\npartition vmuser\n", with: "\n")
        } during: {
            let answers = try await ask()
            #expect(
                answers.contains {
                    $0.name == "Hooks" && $0.verdict == "failure" && $0.message.contains("task_prolog.conf")
                })
        }
        try await TestSite.reconfigured(Cluster.slurmConfiguration) {
            $0 + "KillWait=6\nPrologEpilogTimeout=400\n"
        } during: {
            let answers = try await ask()
            for name in ["Grace", "Timeouts"] {
                #expect(answers.contains { $0.name == name && $0.verdict == "failure" }, "\(name)")
            }
        }
    }

    @Test("finds that job_submit.lua does not know a partition of ours")
    func submission() async throws {
        _ = try await Cluster.ready()
        // Slurm reads the script again when it is of a later second than its last reading.
        try await Task.sleep(for: .milliseconds(1100))
        try await TestSite.changing(Cluster.programs + "/slurm/job_submit.lua") {
            $0.replacingOccurrences(of: "[\"vmuser\"]", with: "[\"other\"]")
        } during: {
            let answers = try await ask()
            #expect(
                answers.contains {
                    $0.name == "JobSubmit" && $0.verdict == "failure" && $0.message.contains("vmuser")
                })
            try await Task.sleep(for: .milliseconds(1100))
        }
        #expect(try await ask().contains { $0.name == "JobSubmit" && $0.verdict == "ok" })
    }
}

import Foundation
import Site
import Testing
import Unix

@Suite(
    "A job of our partition does not run on the host where job_submit.lua is missing or went round",
    .needsCluster, .alone)
struct BypassTests {
    /// Runs the body with job_submit.lua switched off.
    private func withoutJobSubmit<Result>(_ body: () async throws -> Result) async throws -> Result {
        _ = try await Cluster.ready()
        return try await TestSite.reconfigured(Cluster.directory + "/slurm/bivouac.conf") {
            $0.replacingOccurrences(of: "\nJobSubmitPlugins=", with: "\n#JobSubmitPlugins=")
        } during: {
            try await body()
        }
    }

    private func move(_ job: SlurmJob, to partition: String) async throws {
        try await Command.require(
            ["/usr/bin/scontrol", "update", "JobId=\(job.id)", "Partition=" + partition],
            environment: Cluster.slurmEnvironment)
        try await job.control("release")
    }

    @Test("a script that nobody wrapped fails with one line")
    func unwrapped() async throws {
        let marker = Marker("unwrapped")
        let (job, state) = try await withoutJobSubmit { try await Submission(marker.command).run() }
        #expect(state.word == "FAILED")
        #expect(!marker.isOnHost)
        #expect((job.errors + job.text).contains("bivouac: "), "\(job.errors)")
        #expect(try await Node.reason() == "")
    }

    /// A configuration of the user's own, which has no cli_filter.lua.
    private func ownConfiguration() throws -> String {
        let path = "/tmp/bivouac-test-\(UUID().uuidString).conf"
        let text = try TestSite.read(Cluster.slurmConfiguration).split(separator: "\n")
            .filter { !$0.hasSuffix("/interactive.conf") }.joined(separator: "\n")
        try Files.write(text + "\n", to: path, mode: 0o644)
        return path
    }

    @Test("srun without a batch script fails with one line where nothing leads it into a machine")
    func plainStep() async throws {
        let marker = Marker("step")
        let cluster = try await Cluster.ready()
        let configuration = try ownConfiguration()
        defer { try? FileManager.default.removeItem(atPath: configuration) }
        let outcome = try await withoutJobSubmit {
            try await Command.run(
                Command.words(
                    ["/usr/bin/env", "SLURM_CONF=" + configuration]
                        + [
                            "/usr/bin/srun", "--partition=vm", "--mem=256M", "--time=2", "/bin/sh", "-c",
                            marker.command,
                        ],
                    as: cluster.user, directory: "/tmp"), seconds: 120)
        }
        #expect(!outcome.succeeded)
        #expect(!marker.isOnHost)
        #expect((outcome.errors + outcome.text).contains("bivouac: "), "\(outcome.errors)")
    }

    @Test("a job for the host that was moved into our partition while it waited fails")
    func movedIn() async throws {
        let marker = Marker("moved-in")
        let (job, state) = try await withoutJobSubmit {
            let job = try await Submission(marker.command, ["--hold"], partition: "normal").submit()
            try await move(job, to: "vm")
            return (job, try await job.ended())
        }
        #expect(state.word == "FAILED")
        #expect(!marker.isOnHost)
        #expect((job.errors + job.text).contains("bivouac: "), "\(job.errors)")
    }

    @Test("a job for a machine that was moved out of our partition while it waited fails")
    func movedOut() async throws {
        let marker = Marker("moved-out")
        let job = try await Submission(marker.command, ["--hold"]).submit()
        let state = try await withoutJobSubmit {
            try await move(job, to: "normal")
            return try await job.ended()
        }
        #expect(state.word == "FAILED")
        #expect(state.exitCode == 78)
        #expect(!marker.isOnHost)
        #expect(job.complaints.count == 1)
        #expect(job.complaints.first?.hasPrefix("bivouac: ") == true, "\(job.errors)")
    }

    @Test("MultiNode: a job on two nodes is refused by name")
    func multiNode() async throws {
        let marker = Marker("multinode")
        let (job, state) = try await SecondNode.running {
            // The script carries the launcher's line, as if it had been written down elsewhere.
            let launcher = "#!\(Cluster.programs)/bivouac-run --root=\(Cluster.directory) --\n"
            return try await withoutJobSubmit {
                var submission = Submission(
                    bytes: Array("\(launcher)#!/bin/sh\n\(marker.command)\n".utf8),
                    ["--nodes=2", "--mem=128M"])
                submission.partition = "vmtwo"
                return try await submission.run()
            }
        }
        #expect(state.word == "FAILED")
        #expect(state.exitCode == 78)
        #expect(!marker.isOnHost)
        #expect(job.complaints.count == 1)
        #expect(job.complaints.first?.hasPrefix("bivouac: MultiNode: ") == true, "\(job.errors)")
    }
}

@Suite("The partition that is not ours", .needsCluster, .alone)
struct ForeignPartitionTests {
    @Test("environment and output of a job are byte-identical with and without the hooks")
    func identical() async throws {
        let script = """
            cat /proc/self/environ
            echo; umask; pwd; ulimit -a; id; ls -l /proc/self/fd | wc -l; grep -E '^(Sig|Cap|NoNewPrivs)' /proc/self/status
            cat -
            echo "to stderr" >&2
            exit 9
            """
        let (with, stateWith) = try await Submission(script, partition: "normal").run()
        let (without, stateWithout) = try await TestSite.reconfigured(Cluster.slurmConfiguration) {
            $0.split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix("Include ") }
                .joined(separator: "\n")
        } during: {
            try await Submission(script, partition: "normal").run()
        }
        #expect(with.text.contains("SLURM_JOB_ID=\(with.id)"))
        #expect(plain(with.text, with) == plain(without.text, without))
        #expect(with.errors == without.errors)
        #expect(stateWith.status == stateWithout.status)
    }

    /// The text, with what differs between any two jobs.
    private func plain(_ text: String, _ job: SlurmJob) -> [String] {
        text.replacingOccurrences(of: job.directory, with: "DIRECTORY")
            .split(whereSeparator: { $0 == "\0" || $0 == "\n" }).map(String.init)
            .filter { !$0.hasPrefix("SLURM_TASK_PID=") }
            .map { ["SLURM_JOB_ID=\(job.id)", "SLURM_JOBID=\(job.id)"].contains($0) ? "ID" : $0 }
    }
}

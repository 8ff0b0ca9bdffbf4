import Foundation
import Testing
import Unix

/// MOM is played: the hook runs in a stand-in for pbs_python, and what it leaves of a task is executed as the user.
@Suite("A job of OpenPBS runs in its machine", .needsCluster, .boots)
struct OpenPBSTests {
    private struct Decision: Decodable {
        var accept: Bool
        var message: String?
        var exception: String?
        var progname: String?
        var argv: [String]?
        var offline: [String]
    }

    /// One job of this node's MOM.
    private final class Job: Sendable {
        let number = Int.random(in: 1_000_000..<100_000_000)
        let directory = "/var/tmp/bivouac-test-mom-" + UUID().uuidString.prefix(8)
        let attributes: [String]

        init(of user: Account, _ more: [String]) throws {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o711])
            let settings: [String: Any] = [
                "queues": ["vm"], "cluster": Cluster.cluster, "root": Cluster.directory,
                "libexec": Cluster.programs,
                "sbin": Cluster.directory + "/usr/sbin",
            ]
            try JSONSerialization.data(withJSONObject: settings).write(
                to: URL(fileURLWithPath: directory + "/bivouac.json"))
            attributes =
                [
                    "id=\(number).pbs.example.org", "queue=vm", "euser=\(user.name)",
                    "exec_host2=node1:15002/0",
                    "exec_vnode=(node1:ncpus=1:mem=400mb)", "Resource_List[walltime]=00:10:00",
                    "run_version=1",
                    "_msmom=True",
                ] + more
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        var key: String { "\(Cluster.cluster)-\(number)" }

        /// Runs the hook for an event.
        func event(_ event: String, _ more: [String] = []) async throws -> Decision {
            let stem = "\(directory)/\(event)"
            let lines =
                attributes.map { "pbs.event().job." + $0 } + more + [
                    "pbs.event().vnode_list[\"node1\"].state=0", "pbs.event().type=\(event)",
                    "pbs.event().alarm=300",
                ]
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(
                to: URL(fileURLWithPath: stem + ".in"))
            let outcome = try await Command.run(
                [
                    "/usr/bin/python3", Cluster.sourceTree + "/Tests/HookTests/OpenPBS/pbs.py", "--hook",
                    "-i",
                    stem + ".in", "-o", stem + ".out", Cluster.sourceTree + "/hooks/openpbs/bivouac.py",
                ], environment: ["PBS_HOOK_CONFIG_FILE=\(directory)/bivouac.json"], seconds: 300)
            guard let data = FileManager.default.contents(atPath: stem + ".out") else {
                throw CommandFailure(words: [event], outcome: outcome)
            }
            return try JSONDecoder().decode(Decision.self, from: data)
        }

        /// Executes the task as MOM would after execjob_launch.
        func task(_ program: String, _ arguments: [String], as user: Account) async throws -> Outcome {
            let words = [program] + arguments
            let launch = try await event(
                "execjob_launch",
                ["pbs.event().progname=\(program)"]
                    + words.enumerated().map { "pbs.event().argv[\($0.offset)]=\($0.element)" })
            #expect(launch.accept)
            let argv = try #require(launch.argv)
            #expect(launch.progname == argv.first)
            return try await Command.run(
                Command.words(
                    [
                        "/usr/bin/env", "PBS_JOBID=\(number).pbs.example.org", "PBS_QUEUE=vm",
                        "PBS_ENVIRONMENT=PBS_BATCH",
                    ]
                        + argv, as: user), seconds: 120)
        }

        /// Ends the job as MOM does, and expects nothing left of it.
        func end(_ status: Int32) async throws {
            for event in ["execjob_epilogue", "execjob_end"] {
                let decision = try await self.event(event, ["pbs.event().job.Exit_status=\(status)"])
                #expect(decision.accept && decision.offline == [], "\(decision.message ?? "")")
            }
            #expect(try await Leftovers.of(key) == [])
        }
    }

    @Test(
        "a program given to qsub: streams, arguments, environment and exit code; afterwards nothing is left")
    func program() async throws {
        let user = try await Cluster.ready().user
        let marker = Marker("openpbs")
        defer { marker.remove() }
        let job = try Job(of: user, ["executable=<jsdl-hpcpa:Executable>/bin/sh</jsdl-hpcpa:Executable>"])
        let prologue = try await job.event("execjob_prologue")
        #expect(prologue.accept, "\(prologue.message ?? prologue.exception ?? "")")
        let script = "\(marker.command); echo \"$1 $PBS_QUEUE $(id -un)\"; echo complaint >&2; exit 7"
        let task = try await job.task("/bin/sh", ["-c", script, "sh", "a  b"], as: user)
        #expect(task.status == 7)
        #expect(task.text == "a  b vm \(user.name)\n")
        #expect(task.errors == "complaint\n")
        #expect(!marker.isOnHost)
        try await job.end(7)
    }
}

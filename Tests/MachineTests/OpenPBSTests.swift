import Foundation
import TestSupport
import Testing
import Unix

/// MOM is played: the hook runs in a stand-in for pbs_python, and what it leaves of a task is executed as the user.
///
/// Nobody else is at work meanwhile: a tick that MOM's hook did not start cannot be told of such a job.
@Suite("A job of OpenPBS runs in its machine", .needsCluster, .alone, .serialized)
struct OpenPBSTests {
    fileprivate static let hooks = Cluster.programs + "/openpbs"

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
        private let attributes: [String]

        init(of user: Account, _ more: [String] = []) throws {
            try Files.makeDirectory(directory, mode: 0o755)
            attributes =
                [
                    "id=\(number).pbs.example.org", "queue=vm", "euser=\(user.name)",
                    "exec_host2=node1:15002/0", "exec_vnode=(node1:ncpus=1:mem=256mb)",
                    "Resource_List[walltime]=00:10:00", "run_version=1", "_msmom=True",
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
            try Files.write(lines.joined(separator: "\n") + "\n", to: stem + ".in")
            let outcome = try await Command.run(
                [
                    "/usr/bin/python3", Cluster.sourceTree + "/Tests/HookTests/OpenPBS/pbs.py", "--hook",
                    "-i", stem + ".in", "-o", stem + ".out",
                    Cluster.sourceTree + "/hooks/openpbs/bivouac.py",
                ], environment: ["PBS_HOOK_CONFIG_FILE=\(OpenPBSTests.hooks)/bivouac.json"], seconds: 300)
            guard let data = FileManager.default.contents(atPath: stem + ".out") else {
                throw CommandFailure(words: [event], outcome: outcome)
            }
            return try JSONDecoder().decode(Decision.self, from: data)
        }

        /// Executes a task as MOM would after execjob_launch; a script's shell has the line on its standard input.
        func task(_ program: String, _ arguments: [String], line: String? = nil, as user: Account)
            async throws -> Outcome
        {
            let launch = try await event(
                "execjob_launch",
                ["pbs.event().progname=\(program)"]
                    + arguments.enumerated().map { "pbs.event().argv[\($0.offset)]=\($0.element)" })
            #expect(launch.accept)
            let argv = try #require(launch.argv)
            #expect(launch.progname == argv.first)
            let words = Command.words(
                ["PBS_JOBID=\(number).pbs.example.org", "PBS_QUEUE=vm", "PBS_ENVIRONMENT=PBS_BATCH"] + argv,
                as: user)
            return try await Command.run(line.map { Command.fed($0, words) } ?? words, seconds: 120)
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

    /// Installs the hook for the time of the body.
    private func installed(_ body: (_ user: Account) async throws -> Void) async throws {
        let user = try await Cluster.ready().user
        try Files.makeDirectories(Self.hooks, mode: 0o755)
        defer { try? FileManager.default.removeItem(atPath: Self.hooks) }
        try copyProgram(Cluster.programs + "/bivouac-run", to: Self.hooks + "/job_starter")
        let doctor = try await Cluster.bivouac("doctor", "--write-hooks", Self.hooks)
        guard doctor.succeeded else { throw CommandFailure(words: ["bivouac", "doctor"], outcome: doctor) }
        try await body(user)
    }

    @Test("a program given to qsub: streams, arguments, environment and exit code; nothing is left")
    func program() async throws {
        let marker = Marker("openpbs")
        defer { marker.remove() }
        try await installed { user in
            let job = try Job(
                of: user, ["executable=<jsdl-hpcpa:Executable>/bin/sh</jsdl-hpcpa:Executable>"])
            let prologue = try await job.event("execjob_prologue")
            #expect(prologue.accept, "\(prologue.message ?? prologue.exception ?? "")")
            let script = "\(marker.command); echo \"$1 $PBS_QUEUE $(id -un)\"; echo complaint >&2; exit 7"
            let task = try await job.task("/bin/sh", ["/bin/sh", "-c", script, "sh", "a  b"], as: user)
            #expect(task.status == 7, "\(task.errors)")
            #expect(task.text == "a  b vm \(user.name)\n")
            #expect(task.errors == "complaint\n")
            #expect(!marker.isOnHost)
            try await job.end(7)
        }
    }

    @Test("a script, with sandbox=PRIVATE in a directory of its own; without a machine it does not run")
    func script() async throws {
        try await installed { user in
            let job = try Job(of: user)
            let path = "\(job.directory)/\(job.number).pbs.SC"
            try Files.write(
                "echo \"$(pwd)|$0|$PBS_ENVIRONMENT\"\nexit 5\n", to: path, mode: 0o755)
            let sandbox = "/var/tmp/pbs.\(job.number).x8z"
            let line = "cd \(sandbox);\(path)"
            let refused = try await job.task("/bin/sh", ["-sh"], line: line, as: user)
            #expect(refused.status == 78)
            #expect(refused.errors.contains("has no machine on this node"))
            let prologue = try await job.event("execjob_prologue")
            #expect(prologue.accept, "\(prologue.message ?? prologue.exception ?? "")")
            let task = try await job.task("/bin/sh", ["-sh"], line: line, as: user)
            #expect(task.status == 5, "\(task.errors)")
            #expect(task.text == "\(sandbox)|\(path)|PBS_BATCH\n")
            try await job.end(5)
        }
    }
}

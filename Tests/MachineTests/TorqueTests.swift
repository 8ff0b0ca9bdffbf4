import Foundation
import TestSupport
import Testing
import Unix

/// No Torque is here: the test does what its server and pbs_mom do around the built programs.
@Suite("A job of Torque runs in a machine", .needsCluster, .boots, .serialized)
struct TorqueTests {
    /// A node of Torque beside the cluster's Slurm, and one of its jobs.
    private struct Mom {
        let cluster: Cluster
        let id: String
        /// As mom_priv/jobs.
        let spool: String
        var hooks: String { Cluster.programs + "/torque" }
        var script: String { "\(spool)/\(id).pbs.SC" }
        var key: String { "\(Cluster.cluster)-\(id)" }
        private static let qstat = "/opt/torque/bin/qstat"

        init(_ id: String, image: String = "demo/minimal", script text: String) async throws {
            cluster = try await Cluster.ready()
            self.id = id
            spool = "/var/tmp/bivouac-test-torque-" + UUID().uuidString
            try Files.makeDirectory(spool, mode: 0o755)
            try Files.write(text, to: script, mode: 0o700)
            try FileManager.default.setAttributes(
                [.ownerAccountID: cluster.user.uid], ofItemAtPath: script)
            try Files.makeDirectories(hooks, mode: 0o755)
            for name in ["prologue", "epilogue", "node_check"] {
                try copyProgram(Cluster.sourceTree + "/hooks/torque/" + name, to: hooks + "/" + name)
            }
            try copyProgram(Cluster.programs + "/bivouac-run", to: hooks + "/job_starter")
            let doctor = try await Cluster.bivouac("doctor", "--write-hooks", hooks)
            guard doctor.succeeded else {
                throw CommandFailure(words: ["bivouac", "doctor"], outcome: doctor)
            }
            // What the server says of the job: a tick of the cluster asks it.
            try Files.makeDirectories(Files.parent(Self.qstat), mode: 0o755)
            try writeProgram(
                """
                #!/bin/sh
                echo "<Data><Job><Job_Id>$3</Job_Id><job_state>R</job_state><Resource_List><mem>256mb</mem>\
                <nodes>1:ppn=1</nodes><other>image=\(image)</other><walltime>00:05:00</walltime>\
                </Resource_List></Job></Data>"

                """.utf8, to: Self.qstat)
        }

        func hook(_ name: String, _ arguments: [String]) async throws -> Outcome {
            let line = "exec \"$@\" </dev/null"
            return try await Command.run(
                [
                    "/usr/bin/setsid", "--wait", "/usr/bin/env", "-i", "/bin/sh", "-c", line, "sh",
                    "\(hooks)/\(name)",
                ]
                    + ["\(id).pbs", cluster.user.name, "nogroup", "a job"] + arguments, seconds: 200)
        }

        func prologue() async throws -> Outcome {
            try await hook("prologue", ["nodes=1:ppn=1", "vm", "", script])
        }

        /// What pbs_mom does between prologue and epilogue.
        func shell(_ arguments: String) async throws -> Outcome {
            let words = Command.words(
                [
                    "PBS_JOBID=\(id).pbs", "PBS_QUEUE=vm", "PBS_ENVIRONMENT=PBS_BATCH",
                    "\(hooks)/job_starter", "/bin/sh",
                ], as: cluster.user)
            return try await Command.run(Command.fed(script + arguments, words), seconds: 120)
        }

        func epilogue(_ exit: Int32) async throws -> Outcome {
            try await hook(
                "epilogue", ["4711", "nodes=1:ppn=1", "cput=00:00:01", "vm", "", "\(exit)", script])
        }

        func remove() {
            for path in [spool, hooks, "/opt/torque"] { try? FileManager.default.removeItem(atPath: path) }
        }
    }

    @Test("with its script, arguments, variables, streams and exit code, and leaves nothing but its evidence")
    func batch() async throws {
        let mom = try await Mom(
            "99101",
            script: """
                #!/bin/sh
                # A machine of ours, and no node of Torque.
                [ -b /dev/vda ] && [ ! -e /var/tmp/bivouac-test ] || exit 9
                echo "$#|$1|$2|$PBS_JOBID|$PBS_ENVIRONMENT|$0"
                id -un >&2
                read -r line && echo "more: $line"
                exit 7

                """)
        defer { mom.remove() }
        let prologue = try await mom.prologue()
        #expect(prologue.status == 0 && prologue.text == "" && prologue.errors == "", "\(prologue)")
        let run = try await mom.shell(" one 'two  three'")
        #expect(run.status == 7, "\(run)")
        #expect(run.text == "2|one|two  three|99101.pbs|PBS_BATCH|\(mom.script)\n")
        #expect(run.errors == mom.cluster.user.name + "\n")
        let epilogue = try await mom.epilogue(run.status)
        #expect(epilogue.status == 0 && epilogue.text == "" && epilogue.errors == "")
        #expect(try await Leftovers.of(mom.key) == [])
        let evidence = try await Cluster.bivouac("evidence", "list", "--json")
        #expect(evidence.text.contains("\(mom.key).0"))
    }

    @Test("or not at all: what has no machine is not run on the node")
    func closed() async throws {
        let mom = try await Mom("99102", image: "demo/missing", script: "#!/bin/sh\necho on the node\n")
        defer { mom.remove() }
        let early = try await mom.shell("")
        #expect(early.status == 78 && early.text == "")
        #expect(early.errors.contains("job 99102 has no machine on this node"))
        let prologue = try await mom.prologue()
        #expect(prologue.status == 1 && prologue.text == "")
        #expect(prologue.errors.hasPrefix("bivouac: UnknownImage: "), "\(prologue.errors)")
        #expect(prologue.errors.split(separator: "\n").count == 1)
        let late = try await mom.shell("")
        #expect(late.status == 78 && late.text == "" && late.errors.contains("UnknownImage: "))
        #expect(try await mom.epilogue(1).status == 0)
        #expect(try await Leftovers.of(mom.key) == [])
    }
}

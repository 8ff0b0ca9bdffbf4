import Foundation
import Glibc
import Testing

extension HookTests {
    /// Slurm's TaskProlog as slurmstepd starts it: a child of root's process with a title, as the job's user.
    @Suite("The task prolog")
    struct TaskPrologTests {
        /// A node with hooks, and the script that slurmd would have put in its place.
        private func node(script: String? = nil) throws -> Node {
            let node = try Node(refreshed: false)
            _ = try node.install()
            if let script { try node.write("spool/job04711/slurm_script", script) }
            return node
        }

        private func wrapped(_ node: Node) -> String {
            "#!\(node.path("usr/libexec/bivouac/bivouac-run")) --root=\(node.root) --\n#!/bin/sh\n"
        }

        private func run(
            _ node: Node, title: String?, _ environment: [String: String] = [:], titledBy uid: UInt32 = 0
        ) throws -> Outcome {
            let prolog = [node.hooks + "/task_prolog"]
            let program = uid == 0 ? Launch.words(prolog, as: JobOnNode.nobody) : prolog
            // A shell that stays, and so is the parent; the title is its argv[0].
            let parent =
                title.map { "exec -a '\($0)' /bin/bash -c '\"$@\"; exit $?' x \"$@\"" } ?? "\"$@\"; exit $?"
            let shell = ["/bin/bash", "-c", parent, "x"] + program
            return try Launch.run(uid == 0 ? shell : Launch.words(shell, as: uid), environment: environment)
        }

        private func expectRefusal(_ run: Outcome, says: String) {
            #expect(run.status == 78)
            #expect(run.text.hasPrefix("print bivouac: ") && run.text.hasSuffix("\n"))
            #expect(run.text.filter { $0 == "\n" }.count == 1)
            #expect(run.text.contains(says), "\(run.text)")
            #expect(run.errors == "")
        }

        @Test("lets the batch step of a wrapped script through")
        func batchStep() throws {
            let node = try node()
            try node.write("spool/job04711/slurm_script", wrapped(node))
            let run = try run(node, title: "slurmstepd: [4711.batch]", ["SLURM_JOB_PARTITION": "vm"])
            #expect(run.status == 0)
            #expect(run.text + run.errors == "unset SLURM_SCRIPT_CONTEXT\n")
        }

        @Test(
            "leaves other partitions' tasks alone", arguments: ["4712.batch", "4712.0", "4712.interactive"])
        func foreign(_ step: String) throws {
            let run = try run(node(), title: "slurmstepd: [\(step)]", ["SLURM_JOB_PARTITION": "normal"])
            #expect(run.status == 0)
            #expect(run.text + run.errors == "unset SLURM_SCRIPT_CONTEXT\n")
        }

        @Test("refuses every other step of ours", arguments: ["4711.0", "4711.interactive", "4711.0+1"])
        func otherStep(_ step: String) throws {
            let node = try node()
            try node.write("spool/job04711/slurm_script", wrapped(node))
            expectRefusal(
                try run(node, title: "slurmstepd: [\(step)]", ["SLURM_JOB_PARTITION": "vm"]),
                says: "partition vm")
        }

        /// What slurmstepd makes, as root and the user's then, for a step that names a container.
        private func contain(_ node: Node, runtime: String, _ place: String, config: Bool) throws {
            try FileManager.default.copyItem(
                atPath: node.hooks + "/" + runtime, toPath: node.path("oci.conf"))
            try node.write("spool/\(place)/config.json", "{}")
            if !config { try FileManager.default.removeItem(atPath: node.path("spool/\(place)/config.json")) }
            #expect(unsafe chown(node.path("spool/\(place)"), JobOnNode.nobody, 0) == 0)
        }

        @Test(
            "lets a step through whose container slurmstepd has set up, the launcher being its runtime",
            arguments: [
                ("oci-22.05.conf", "4711.interactive", "oci-job04711-interactive"),
                ("oci-22.05.conf", "4711.0", "oci-job04711-00000"),
                ("oci.conf", "4711.interactive", "oci-job4711-interactive"),
                ("oci.conf", "4711.12", "oci-job4711-12"),
            ])
        func contained(_ runtime: String, _ step: String, _ place: String) throws {
            let node = try node()
            try contain(node, runtime: runtime, place, config: runtime == "oci-22.05.conf")
            let partition = ["SLURM_JOB_PARTITION": "vm"]
            let run = try run(node, title: "slurmstepd: [\(step)]", partition)
            #expect(run.status == 0)
            #expect(run.text + run.errors == "unset SLURM_SCRIPT_CONTEXT\n")
            // No other step, no other job, and none of a job that has a script.
            for other in ["4711.7", "4712.interactive"] {
                expectRefusal(
                    try self.run(node, title: "slurmstepd: [\(other)]", partition), says: "leads this step")
            }
            try node.write("spool/job04711/slurm_script", wrapped(node))
            expectRefusal(
                try self.run(node, title: "slurmstepd: [\(step)]", partition), says: "batch scripts alone")
        }

        @Test("refuses a step whose container's directory was left behind, or is the user's own work")
        func leftBehind() throws {
            let node = try node()
            let place = "oci-job04711-interactive"
            try contain(node, runtime: "oci-22.05.conf", place, config: false)
            func refused() throws {
                expectRefusal(
                    try run(node, title: "slurmstepd: [4711.interactive]", ["SLURM_JOB_PARTITION": "vm"]),
                    says: "leads this step")
            }
            try refused()
            let config = node.path("spool/\(place)/config.json")
            try FileManager.default.createSymbolicLink(atPath: config, withDestinationPath: "/etc/passwd")
            try refused()
            try FileManager.default.removeItem(atPath: config)
            try node.write("spool/\(place)/config.json", "{}")
            #expect(unsafe chown(config, JobOnNode.nobody, 0) == 0)
            try refused()
        }

        @Test("refuses every step where oci.conf is not ours to the last byte, or not root's")
        func otherRuntime() throws {
            let node = try node()
            try contain(node, runtime: "oci-22.05.conf", "oci-job04711-00000", config: true)
            let path = node.path("oci.conf")
            let good = try String(contentsOfFile: path, encoding: .utf8)
            func status() throws -> Int32 {
                try run(node, title: "slurmstepd: [4711.0]", ["SLURM_JOB_PARTITION": "vm"]).status
            }
            #expect(try status() == 0)
            for text in [
                good + "\n", good.replacing("exec ", with: "runc run "), "", good + "ContainerPath=/x\n",
            ] {
                try node.write("oci.conf", text)
                #expect(try status() == 78)
            }
            try node.write("oci.conf", good)
            try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
            #expect(try status() == 78)
            try FileManager.default.removeItem(atPath: path)
            #expect(try status() == 78)
        }

        @Test("refuses a step of a job with a live directory, whatever its environment says")
        func liveJob() throws {
            let node = try node()
            try node.write("run/bivouac/jobs/t-4711/record.json", "{}")
            for environment in [
                [:], ["SLURM_JOB_PARTITION": "normal", "SLURM_JOB_ID": "1"], ["SLURM_JOB_ID": ""],
            ] {
                expectRefusal(
                    try run(node, title: "slurmstepd: [4711.0]", environment), says: "step 4711.0 is refused")
            }
        }

        @Test(
            "refuses a batch script that does not begin with this node's launcher",
            arguments: [
                nil, "", "#!/bin/sh\n", "#!/usr/libexec/bivouac/bivouac-run --\n", "LINE x\n", " LINE\n",
                "LINE ",
                "\nLINE\n",
            ] as [String?])
        func notWrapped(_ text: String?) throws {
            let node = try node()
            if let text {
                let line = String(wrapped(node).prefix { $0 != "\n" })
                try node.write("spool/job04711/slurm_script", text.replacing("LINE", with: line))
            }
            expectRefusal(
                try run(node, title: "slurmstepd: [4711.batch]", ["SLURM_JOB_PARTITION": "vm"]),
                says: "the script of job 4711 does not begin with")
        }

        @Test("refuses a link in the script's place")
        func linkedScript() throws {
            let node = try node(script: "")
            try node.write("elsewhere", wrapped(node))
            let script = node.path("spool/job04711/slurm_script")
            try FileManager.default.removeItem(atPath: script)
            try FileManager.default.createSymbolicLink(
                atPath: script, withDestinationPath: node.path("elsewhere"))
            expectRefusal(
                try run(node, title: "slurmstepd: [4711.batch]", ["SLURM_JOB_PARTITION": "vm"]),
                says: "does not begin with")
        }

        @Test("takes no title but that of root's process")
        func forgedTitle() throws {
            let node = try node()
            try node.write("spool/job04711/slurm_script", wrapped(node))
            // The user's own shell pretends; the nearest process of root's is the test, which has no such title.
            let run = try run(
                node, title: "slurmstepd: [4711.batch]", ["SLURM_JOB_PARTITION": "vm"],
                titledBy: JobOnNode.nobody)
            expectRefusal(run, says: "the job step cannot be identified")
        }

        @Test(
            "takes no title that only resembles slurmstepd's",
            arguments: [
                "slurmstepd: [4711]", "slurmstepd: [4711.batch", "slurmstepd: 4711.batch",
                "xslurmstepd: [4711.batch]",
                "slurmstepd: [.batch]", "slurmstepd: [../x.batch]", "slurmstepd: [4711.batch.0]",
                "slurmstepd: [12345678901.batch]", "bash",
            ])
        func oddTitle(_ title: String) throws {
            let node = try node()
            try node.write("spool/job04711/slurm_script", wrapped(node))
            expectRefusal(
                try run(node, title: title, ["SLURM_JOB_PARTITION": "vm"]),
                says: "the job step cannot be identified")
        }

        @Test("owes nothing to the loader's and Slurm's variables")
        func hostileEnvironment() throws {
            let node = try node()
            let environment = [
                "SLURM_JOB_PARTITION": "vm", "LD_PRELOAD": "/nonexistent.so", "LD_LIBRARY_PATH": node.root,
                "SLURM_CONF": "/nonexistent", "BIVOUAC_ROOT": "/nonexistent", "SLURM_JOB_ID": "../../..",
                "GCONV_PATH": node.root, "SLURMD_SPOOLDIR": "/nonexistent", "PATH": "/nonexistent",
            ]
            let program = ["/usr/bin/env"] + environment.map { "\($0)=\($1)" } + [node.hooks + "/task_prolog"]
            let run = try Launch.run(
                [
                    "/bin/bash", "-c",
                    "exec -a 'slurmstepd: [4711.0]' /bin/bash -c '\"$@\"; exit $?' x \"$@\"", "x",
                ] + Launch.words(program, as: JobOnNode.nobody))
            expectRefusal(run, says: "partition vm")
        }

        @Test("stops every task where its settings are missing, damaged or not root's")
        func settings() throws {
            let node = try node()
            let path = node.hooks + "/task_prolog.conf"
            let good = try String(contentsOfFile: path, encoding: .utf8)
            func refused() throws {
                expectRefusal(
                    try run(node, title: "slurmstepd: [4711.batch]", ["SLURM_JOB_PARTITION": "normal"]),
                    says: "the node is not set up")
            }
            for text in [
                "", "root\n", good + "nonsense x\n", good.replacing("launcher /", with: "launcher "),
            ] {
                try node.write("usr/libexec/bivouac/slurm/task_prolog.conf", text)
                try refused()
            }
            try node.write("usr/libexec/bivouac/slurm/task_prolog.conf", good)
            try FileManager.default.setAttributes([.posixPermissions: 0o664], ofItemAtPath: path)
            try refused()
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            #expect(unsafe chown(path, JobOnNode.nobody, 0) == 0)
            try refused()
            try FileManager.default.removeItem(atPath: path)
            try refused()
        }
    }
}

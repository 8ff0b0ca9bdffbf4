import Foundation
import Glibc
import GuestProtocol
import TestSupport
import Testing
import Unix

extension HookTests {
    /// The launcher as MOM's `$job_starter`, with a test on the other side of the payload port.
    @Suite("Torque's job starter")
    struct JobStarterTests {
        /// A node with the job starter installed, and one of its jobs.
        private struct Start {
            let desk: Desk
            var node: Node { desk.node }
            let script: String

            init(script text: String = "#!/bin/sh\nexit 3\n") throws {
                desk = try Desk()
                try desk.node.installTorque()
                script = desk.node.path("spool/4711.pbs.SC")
                try desk.node.write("spool/4711.pbs.SC", text)
                guard unsafe chown(script, JobOnNode.nobody, 0) == 0, unsafe chmod(script, 0o700) == 0 else {
                    throw Harness.error("no script")
                }
                try desk.record(
                    "{\"phase\":\"running\",\"uid\":\(JobOnNode.nobody),\"script\":\"\(script)\"}")
            }

            func launch(
                _ words: [String], queue: String = "vm", job: String = "4711.pbs",
                variables: [String: String] = [:],
                streams: Launch.Streams = .input
            ) throws -> Launch {
                try Launch(
                    Launch.words([node.torque + "/job_starter"] + words, as: JobOnNode.nobody),
                    environment: ["PBS_JOBID": job, "PBS_QUEUE": queue, "PATH": "/usr/bin:/bin"]
                        .merging(variables) { $1 }, streams: streams)
            }
        }

        @Test(
            "takes the shell, its script and its one line of input into the machine",
            arguments: ["", " one 'two three' $HOME", "exec "])
        func batch(words: String) throws {
            let start = try Start()
            let line = words == "exec " ? "exec \(start.script)\n" : "\(start.script)\(words)\n"
            let launch = try start.launch(["/bin/bash"])
            try launch.input?.write(contentsOf: Data(line.utf8))
            try launch.input?.close()
            let agent = try start.desk.theAgent()
            try agent.accept()
            let (order, script) = try agent.order()
            #expect(order.arguments == [Array("-bash".utf8)])
            #expect(order.program?.text == "/bin/bash" && order.scriptPath?.text == start.script)
            #expect(order.scriptMode == 0o700 && script == Array("#!/bin/sh\nexit 3\n".utf8))
            #expect(order.variable("PBS_JOBID") == Array("4711.pbs".utf8))
            try agent.send(.started)
            #expect(try agent.next(.stdin) == Array(line.utf8))
            try agent.send(.stdout, Array("out".utf8))
            try agent.send(.exited, [3])
            let run = try launch.wait()
            #expect(run.status == 3 && run.text == "out" && run.errors == "")
        }

        @Test("takes the shell of an interactive job, on its terminal")
        func interactive() throws {
            let start = try Start()
            let typist = try Typist(
                Launch.words([start.node.torque + "/job_starter", "/bin/bash"], as: JobOnNode.nobody),
                environment: ["PBS_JOBID": "4711.pbs", "PBS_QUEUE": "vm", "PATH": "/usr/bin:/bin"],
                rows: 25, columns: 81)
            let agent = try start.desk.theAgent()
            try agent.accept()
            let (order, script) = try agent.order()
            #expect(order.arguments == [Array("-bash".utf8)] && order.program?.text == "/bin/bash")
            #expect(order.scriptMode == nil && script == [])
            #expect(agent.terminal == TerminalSize(rows: 25, columns: 81))
            try agent.send(.started)
            try agent.send(.exited, [4])
            #expect(try typist.end() == 4)
        }

        @Test("takes a script whose path MOM gives as an argument, and nothing from an empty input")
        func argument() throws {
            let start = try Start()
            let launch = try start.launch(["/bin/sh", start.script], streams: .files)
            let agent = try start.desk.theAgent()
            try agent.accept()
            let order = try agent.order().order
            #expect(order.arguments == ["-sh", start.script].map { Array($0.utf8) })
            #expect(order.scriptPath?.text == start.script)
            try agent.send(.started)
            try agent.send(.exited, [0])
            #expect(try launch.wait().status == 0)
        }

        @Test("finds the script by its name where an older MOM told no prologue")
        func olderMOM() throws {
            let start = try Start()
            try start.desk.record("{\"phase\":\"running\",\"uid\":\(JobOnNode.nobody)}")
            let launch = try start.launch(["/bin/sh", start.script], streams: .files)
            let agent = try start.desk.theAgent()
            try agent.accept()
            #expect(try agent.order().order.scriptPath?.text == start.script)
            try agent.send(.started)
            try agent.send(.exited, [0])
            #expect(try launch.wait().status == 0)
        }

        @Test(
            "turns away what is not the job's batch script",
            arguments: [
                (["/bin/hostname"], ""), (["hostname", "-f"], ""), (["/bin/sh", "/etc/passwd"], ""),
                (["/bin/sh", "/tmp/9999.pbs.SC"], ""), (["/bin/sh"], "/etc/passwd\n"), (["/bin/sh"], "\n"),
                (["/bin/sh"], "/tmp/4711.pbs.SC\n"), (["/bin/sh"], "\u{0}\n"),
            ])
        func tasks(words: [String], input: String) throws {
            let start = try Start()
            let launch = try start.launch(words, streams: input.isEmpty ? .files : .input)
            try launch.input?.write(contentsOf: Data(input.utf8))
            try launch.input?.close()
            let run = try launch.wait()
            #expect(run.status == 78)
            #expect(run.errors.hasPrefix("bivouac: queue vm runs batch scripts alone"), "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 1 && run.text == "")
        }

        @Test("does not run a job of ours that has no machine, nor one whose queue was ours when it began")
        func failClosed() throws {
            let start = try Start()
            let other = try start.launch(["/bin/sh"], job: "4712.pbs").wait()
            #expect(other.status == 78 && other.errors.contains("job 4712 has no machine on this node"))
            try start.desk.record("{\"phase\":\"refused\",\"uid\":\(JobOnNode.nobody)}")
            let gone = try start.launch(["/bin/echo", "host"], queue: "batch", streams: .files).wait()
            #expect(gone.status == 78 && gone.text == "")
        }

        @Test("becomes the shell in any other queue, under the name that MOM would have called it")
        func foreignShell() throws {
            let start = try Start()
            try start.node.write("shell", "#!/bin/sh\n")
            let launch = try start.launch(
                ["/bin/sh"], queue: "batch", job: "1.pbs", variables: ["HOME": "/nonexistent"])
            try launch.input?.write(contentsOf: Data("echo \"$0|$#|$HOME|$BIVOUAC_ROOT\"; kill -9 $$\n".utf8))
            try launch.input?.close()
            let run = try launch.wait()
            #expect(run.status == -SIGKILL && run.text == "-sh|0|/nonexistent|\n")
        }

        @Test(
            "becomes a task in any other queue as execvp(3) would",
            arguments: [["echo", "a b", ""], ["/bin/echo", "a b", ""]])
        func foreignTask(words: [String]) throws {
            let start = try Start()
            let run = try start.launch(words, queue: "batch", job: "1.pbs", streams: .files).wait()
            #expect(run.status == 0 && run.text == "a b \n" && run.errors == "")
        }

        @Test("calls no login shells where MOM does not")
        func plainShell() throws {
            let start = try Start()
            try start.node.write("var/spool/torque/mom_priv/config", "$source_login_batch false\n")
            try start.node.installTorque()
            let launch = try start.launch(["/bin/sh"], queue: "batch", job: "1.pbs")
            try launch.input?.write(contentsOf: Data("echo \"$0\"\n".utf8))
            try launch.input?.close()
            #expect(try launch.wait().text == "sh\n")
        }

        @Test("runs nothing at all without settings that are root's")
        func settings() throws {
            let start = try Start()
            let path = start.node.torque + "/job_starter.conf"
            #expect(unsafe chmod(path, 0o666) == 0)
            let open = try start.launch(["/bin/echo", "x"], queue: "batch", streams: .files).wait()
            #expect(
                open.status == 78 && open.text == ""
                    && open.errors.hasPrefix("bivouac: the node is not set up"))
            try FileManager.default.removeItem(atPath: path)
            #expect(
                try start.launch(["/bin/echo", "x"], queue: "batch", streams: .files).wait().status == 78)
        }
    }
}

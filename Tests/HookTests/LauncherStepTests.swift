import Foundation
import GuestProtocol
import TestSupport
import Testing
import Unix

extension HookTests {
    /// The launcher as slurmstepd starts it: by a shell, in its own spool directory, with slurmd's environment.
    @Suite("The launcher as the runtime of a step's container")
    struct LauncherStepTests {
        /// Runs the shell's line in the step's directory, which is the user's; the order that came of it.
        private func order(_ desk: Desk, _ line: String, _ files: [String: String]) throws -> LaunchOrder {
            for (name, text) in files { try desk.node.write("spool/step/\(name)", text) }
            let program = "cd \(desk.node.path("spool/step")) && exec \(desk.node.endorsement.launcher) "
            let launch = try Launch(
                Launch.words(
                    ["/bin/sh", "-c", program + "--root=\(desk.node.root) " + line], as: JobOnNode.nobody),
                environment: ["SLURMD_NODENAME": "n", "PATH": "/nonexistent"])
            let agent = try desk.theAgent()
            try agent.accept()
            let order = try agent.order()
            #expect(order.script == [])
            try agent.send(.started)
            try agent.send(.exited, [9])
            #expect(try launch.wait().status == 9)
            return order.order
        }

        @Test("of Slurm 22.05 takes words, environment and directory from the bundle")
        func bundle() throws {
            let desk = try Desk()
            let config = #"""
                {"root":{"path":"\/x\/rootfs"},"process":{"terminal":false,
                "env":["SLURM_JOB_ID=\#(desk.job.id)","PWD=\/home\/alice","ODD=a b'\"c\n","SLURM_CONF=x"],
                "args":["\/bin\/sh","-c","echo 'a b' \"$1\"",""]},"mounts":[]}
                """#
            let order = try order(
                desk, "--bundle=\(desk.node.path("spool/step")) --", ["config.json": config])
            #expect(order.arguments == ["/bin/sh", "-c", "echo 'a b' \"$1\"", ""].map { Array($0.utf8) })
            let variables = ["SLURM_JOB_ID=\(desk.job.id)", "PWD=/home/alice", "ODD=a b'\"c\n"]
            #expect(order.environment == variables.map { Array($0.utf8) })
            #expect(order.directory.text == "/home/alice")
            #expect(order.scriptMode == nil)
        }

        @Test("of later Slurms takes the environment from a file, and all else as it is")
        func environment() throws {
            let desk = try Desk()
            let text = "SLURM_JOB_ID=\(desk.job.id)\0PWD=/home/alice\0EMPTY=\0LINES=a\nb\0"
            let order = try order(
                desk, "--environment=\(desk.node.path("spool/step/environment")) -- 'printf' 'a b' ''",
                ["environment": text])
            #expect(order.arguments == ["printf", "a b", ""].map { Array($0.utf8) })
            #expect(order.environment == text.split(separator: "\0").map { Array($0.utf8) })
            #expect(order.directory.text == desk.node.path("spool/step"))
        }

        @Test(
            "fails with one line where it cannot know the task",
            arguments: [
                ("--bundle=/nonexistent --", 78), ("--environment=/nonexistent -- true", 78),
                ("--bundle=x --", 64),
                ("--bundle=/dev/null --", 78), ("--environment=/dev/null -- true", 78),
                ("--environment=/a --environment=/b -- true", 64),
            ])
        func unknown(_ words: String, _ status: Int32) throws {
            let desk = try Desk()
            let launch = try Launch(
                Launch.words(
                    [desk.node.endorsement.launcher] + words.split(separator: " ").map(String.init),
                    as: JobOnNode.nobody))
            let run = try launch.wait()
            #expect(run.status == status)
            #expect(run.errors.hasPrefix("bivouac: ") && run.errors.filter { $0 == "\n" }.count == 1)
        }

        @Test(
            "tells its terminal's size before its order and again when it changes, and leaves the terminal as it was"
        )
        func terminal() throws {
            let desk = try Desk()
            let typist = try Typist(
                Launch.words(desk.prefix + ["/bin/sh"], as: JobOnNode.nobody),
                environment: ["SLURM_JOB_ID": desk.job.id], rows: 50, columns: 132)
            let agent = try desk.theAgent()
            try agent.accept()
            _ = try agent.order()
            #expect(agent.terminal == TerminalSize(rows: 50, columns: 132))
            #expect(!typist.isRaw)
            try agent.send(.started)
            try agent.send(.stdout, Array("$ ".utf8))
            try typist.see("$ ")
            #expect(typist.isRaw)
            try typist.type("\u{03}x\r")
            #expect(try agent.next(.stdin) == [3, 0x78, 13])
            try typist.resize(rows: 1, columns: 2)
            let body = try agent.next(.terminal)
            #expect(try TerminalSize(body, body.indices) == TerminalSize(rows: 1, columns: 2))
            try agent.send(.remark, Remark("news").body)
            try agent.send(.stdout, Array("bye\r\n".utf8))
            try agent.send(.exited, [6])
            #expect(try typist.end() == 6)
            #expect(typist.shown.hasSuffix("bivouac: news\nbye\n"), "\(typist.shown)")
            #expect(!typist.isRaw)
        }

        @Test("leaves the terminal as it was when its machine is lost too")
        func lostTerminal() throws {
            let desk = try Desk()
            let typist = try Typist(
                Launch.words(desk.prefix + ["/bin/sh"], as: JobOnNode.nobody),
                environment: ["SLURM_JOB_ID": desk.job.id])
            let agent = try desk.theAgent()
            try agent.accept()
            _ = try agent.order()
            try agent.send(.started)
            try Harness.eventually("the terminal is raw") { typist.isRaw }
            agent.hangUp()
            #expect(try typist.end() == 69)
            #expect(typist.shown.contains("bivouac: the machine ended before the job did"))
            #expect(!typist.isRaw)
        }
    }
}

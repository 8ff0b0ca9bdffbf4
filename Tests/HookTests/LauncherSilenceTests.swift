import Foundation
import Glibc
import GuestProtocol
import Testing

extension HookTests {
    /// When the launcher takes an agent's silence for the machine's end; the record says how many seconds that is.
    @Suite("An agent that falls silent")
    struct LauncherSilenceTests {
        /// All at once, since each of them mostly waits.
        @Test(
            "fails its job with one line, but not while the machine is paused, its disk full, or the launcher stopped"
        )
        func silence() async throws {
            async let silent: Void = silentAgent()
            async let paused: Void = pausedMachine()
            async let stopped: Void = stoppedLauncher()
            async let stalled: Void = stalledMachine()
            async let full: Void = fullDisk()
            _ = try await (silent, paused, stopped, stalled, full)
        }

        private func silentAgent() async throws {
            let desk = try Desk()
            try desk.record(Self.record("running", silence: 6))
            let (launch, agent) = try desk.running()
            try agent.send(.stdout, Array("until here".utf8))
            for _ in 0..<300 where launch.isRunning { try await Task.sleep(for: .milliseconds(100)) }
            let run = try launch.wait()
            #expect(run.status == 69)
            #expect(run.text == "until here")
            #expect(run.errors == "bivouac: the machine ended before the job did (silent for 6 s)\n")
        }

        private func pausedMachine() async throws {
            let desk = try Desk()
            try desk.record(Self.record("running", silence: 6))
            let (launch, agent) = try desk.running()
            try desk.record(Self.record("paused", silence: 6))
            try await Task.sleep(for: .seconds(13))
            #expect(launch.isRunning)
            // A machine that goes on says so before its record does.
            try agent.send(.stdout, Array("here again".utf8))
            try desk.record(Self.record("running", silence: 6))
            try agent.send(.exited, [5])
            #expect(try launch.wait().status == 5)
        }

        /// One that `tick` has seen.
        private func stalledMachine() async throws {
            let desk = try Desk()
            try desk.record(Self.record("running", silence: 6, ",\"stalled\":\"2026-11-21T10:00:00Z\""))
            let (launch, agent) = try desk.running()
            try await Task.sleep(for: .seconds(13))
            #expect(launch.isRunning)
            try agent.send(.exited, [5])
            #expect(try launch.wait().status == 5)
        }

        /// One that no `tick` has seen yet, nor whether there is room again.
        private func fullDisk() async throws {
            let desk = try Desk()
            let machines = desk.node.path("var/lib/bivouac/machines")
            try FileManager.default.createDirectory(atPath: machines, withIntermediateDirectories: true)
            try Launch.require(["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "bivouac-test", machines])
            defer { _ = try? Launch.run(["/bin/umount", "-l", machines]) }
            try desk.record(Self.record("running", silence: 6))
            let (launch, agent) = try desk.running()
            try await Task.sleep(for: .seconds(13))
            #expect(launch.isRunning)
            try Launch.require(["/bin/umount", machines])
            try await Task.sleep(for: .seconds(13))
            #expect(launch.isRunning)
            try agent.send(.exited, [5])
            #expect(try launch.wait().status == 5)
        }

        private func stoppedLauncher() async throws {
            let desk = try Desk()
            try desk.record(Self.record("running", silence: 8))
            let (launch, agent) = try desk.running()
            launch.kill(SIGSTOP)
            try await Task.sleep(for: .seconds(12))
            launch.kill(SIGCONT)
            // Time to look at the clock.
            try await Task.sleep(for: .seconds(1))
            #expect(launch.isRunning)
            try agent.send(.exited, [5])
            #expect(try launch.wait().status == 5)
        }

        private static func record(_ phase: String, silence: Int, _ more: String = "") -> String {
            "{\"phase\":\"\(phase)\",\"uid\":\(JobOnNode.nobody),\"silence\":\(silence)\(more)}"
        }
    }
}

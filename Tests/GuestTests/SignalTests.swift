import Foundation
import Testing
import Unix

@Suite("Signals that the launcher gets reach the payload", .serialized, .timeLimit(.minutes(15)))
struct SignalTests {
    /// Waits until a file that the payload writes has that line.
    private func wait(for line: String, in path: String) throws {
        for _ in 0..<6000 {
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            if text.split(separator: "\n").contains(Substring(line)) { return }
            usleep(10_000)
        }
        Issue.record("'\(line)' did not come")
    }

    private func running(
        _ rehearsal: Rehearsal, _ text: String, _ body: (Foundation.Process, String) throws -> Void
    ) throws -> Foundation.Process {
        let path = rehearsal.scratch + "/output"
        try Data().write(to: URL(fileURLWithPath: path))
        let process = try rehearsal.start(
            try rehearsal.script(text), output: try FileHandle(forWritingTo: URL(fileURLWithPath: path)))
        try wait(for: "up", in: path)
        try body(process, path)
        process.waitUntilExit()
        return process
    }

    @Test(
        "each relayed signal is seen by the payload's first process",
        arguments: [
            "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "TERM": SIGTERM, "USR1": SIGUSR1, "USR2": SIGUSR2,
        ])
    func relayed(name: String, number: Int32) throws {
        try withAgent { rehearsal in
            let script =
                "#!/bin/sh\ntrap 'echo got \(name); exit 9' \(name)\necho up\nwhile :; do sleep 0.05; done\n"
            let process = try running(rehearsal, script) { process, _ in
                kill(process.processIdentifier, number)
            }
            #expect(process.terminationStatus == 9)
            #expect(process.terminationReason == .exit)
            let text = try String(contentsOfFile: rehearsal.scratch + "/output", encoding: .utf8)
            #expect(text == "up\ngot \(name)\n")
        }
    }

    @Test("TERM reaches every process of the payload, and an untouched payload dies by it")
    func termination() throws {
        try withAgent { rehearsal in
            let script =
                "#!/bin/sh\nsh -c 'trap \"echo inner\" TERM; echo up; while :; do sleep 0.05; done' &\nwait\n"
            let process = try running(rehearsal, script) { process, path in
                kill(process.processIdentifier, SIGCONT)
                kill(process.processIdentifier, SIGTERM)
            }
            #expect(process.terminationReason == .uncaughtSignal)
            #expect(process.terminationStatus == SIGTERM)
        }
    }

    @Test("USR1 is for the first process alone")
    func firstProcess() throws {
        try withAgent { rehearsal in
            let script = """
                #!/bin/sh
                trap 'kill -TERM $child; wait; echo outer; exit 0' USR1
                sleep 1000 & child=$!
                echo up
                wait $child; echo woken $?
                """
            let process = try running(rehearsal, script) { process, _ in
                kill(process.processIdentifier, SIGUSR1)
            }
            #expect(process.terminationStatus == 0)
            let text = try String(contentsOfFile: rehearsal.scratch + "/output", encoding: .utf8)
            // Had USR1 ended the child, dash would have told its end first.
            #expect(text == "up\nouter\n")
        }
    }

    @Test("TSTP stops the payload after it could catch it, CONT lets it go on, and CONT alone is harmless")
    func suspension() throws {
        try withAgent { rehearsal in
            let script = """
                #!/bin/sh
                trap 'echo asked' TSTP
                trap 'echo resumed' CONT
                echo up
                while [ ! -e \(rehearsal.scratch)/stop ]; do sleep 0.05; echo tick; done
                """
            let process = try running(rehearsal, script) { process, path in
                func size() -> Int { (try? Data(contentsOf: URL(fileURLWithPath: path)).count) ?? 0 }
                let pid = process.processIdentifier
                kill(pid, SIGCONT)
                try wait(for: "resumed", in: path)
                kill(pid, SIGTSTP)
                try wait(for: "asked", in: path)
                // The payload is stopped a second after it was asked; then nothing more comes.
                var before = -1
                for _ in 0..<100 where size() != before {
                    before = size()
                    usleep(500_000)
                }
                #expect(size() == before)
                // The launcher itself is stopped by now, as a scheduler would have it.
                kill(pid, SIGSTOP)
                usleep(100_000)
                kill(pid, SIGCONT)
                for _ in 0..<6000 where size() == before { usleep(10_000) }
                #expect(size() > before)
                try Data().write(to: URL(fileURLWithPath: rehearsal.scratch + "/stop"))
            }
            #expect(process.terminationStatus == 0)
        }
    }

    @Test("when the launcher dies the payload ends, all of it")
    func lostLauncher() throws {
        try withAgent { rehearsal in
            let marker = rehearsal.scratch + "/pids"
            let script = """
                #!/bin/sh
                trap '' TERM
                setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 0.05; done' &
                echo $$
                echo up
                while :; do sleep 0.05; done
                """
            _ = try running(rehearsal, script) { process, path in
                try FileManager.default.copyItem(atPath: path, toPath: marker)
                kill(process.processIdentifier, SIGKILL)
            }
            let pids = try String(contentsOfFile: marker, encoding: .utf8).split(separator: "\n").compactMap {
                Int32($0)
            }
            #expect(!pids.isEmpty)
            for pid in pids {
                for _ in 0..<1500 where isAlive(pid) { usleep(10_000) }
                #expect(!isAlive(pid))
            }
        }
    }

    private func isAlive(_ pid: Int32) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
            return false
        }
        return !stat.contains(") Z ")
    }
}

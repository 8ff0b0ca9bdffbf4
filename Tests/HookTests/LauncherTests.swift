import Foundation
import Glibc
import GuestProtocol
import Testing
import Unix

extension HookTests {
    /// The launcher is the batch task: an agent that a test plays is on the other side.
    @Suite("The launcher")
    struct LauncherTests {
        @Test("ends with the payload's exit code", arguments: [0, 1, 7, 78, 128, 137, 255] as [UInt8])
        func exitCode(_ code: UInt8) throws {
            let (launch, agent) = try Desk().running()
            try agent.send(.exited, [code])
            let run = try launch.wait()
            #expect(run.status == Int32(code))
            #expect(run.errors == "")
        }

        @Test(
            "dies by the payload's signal",
            arguments: [SIGKILL, SIGSEGV, SIGABRT, SIGTERM, SIGINT, SIGUSR1, SIGPIPE, 34, 64])
        func death(_ signal: Int32) throws {
            let (launch, agent) = try Desk().running()
            try agent.send(.killed, [UInt8(signal)])
            let run = try launch.wait()
            #expect(run.status == -signal)
            #expect(run.errors == "")
        }

        @Test(
            "exits with 128 and the number for a signal that ends nobody",
            arguments: [SIGCHLD, SIGURG, SIGCONT])
        func harmlessSignal(_ signal: Int32) throws {
            let (launch, agent) = try Desk().running()
            try agent.send(.killed, [UInt8(signal)])
            #expect(try launch.wait().status == 128 + signal)
        }

        @Test("keeps the payload's streams apart, byte for byte, and passes them on before its end")
        func streams() throws {
            let (launch, agent) = try Desk().running()
            let bytes = (0..<100_000).map { _ in UInt8.random(in: 0...255) }
            for start in stride(from: 0, to: bytes.count, by: 1000) {
                try agent.send(start % 2000 == 0 ? .stdout : .stderr, Array(bytes[start..<start + 1000]))
            }
            try agent.send(.exited, [0])
            let run = try launch.wait()
            let parts = stride(from: 0, to: bytes.count, by: 1000).map { ($0, bytes[$0..<$0 + 1000]) }
            #expect([UInt8](run.output) == parts.filter { $0.0 % 2000 == 0 }.flatMap(\.1))
            let errors = String(decoding: parts.filter { $0.0 % 2000 != 0 }.flatMap(\.1), as: UTF8.self)
            #expect(run.errors == errors)
        }

        @Test("sends standard input and its end, never more than it was given room for")
        func input() throws {
            let (launch, agent) = try Desk().running(streams: .input)
            let input = try #require(launch.input)
            let bytes = (0..<3 * Window.size).map { _ in UInt8.random(in: 0...255) }
            let writer = Thread {
                try? input.write(contentsOf: Data(bytes))
                try? input.close()
            }
            writer.start()
            var got: [UInt8] = []
            while got.count < Window.size { got += try agent.next(.stdin) }
            #expect(got.count == Window.size)
            while got.count < bytes.count {
                try agent.send(.inputCredit, Credit(.stdin, bytes: Window.step).body)
                let before = got.count
                while got.count < min(before + Window.step, bytes.count) { got += try agent.next(.stdin) }
                #expect(got.count <= before + Window.step)
            }
            #expect(got == bytes)
            // The end is seen by a read, and a read needs room.
            try agent.send(.inputCredit, Credit(.stdin, bytes: 1).body)
            _ = try agent.next(.stdinEnd)
            try agent.send(.exited, [0])
            #expect(try launch.wait().status == 0)
        }

        @Test("gives room for more output only as its reader reads")
        func slowReader() throws {
            let (launch, agent) = try Desk().running(streams: .pipe)
            let pipe = try #require(launch.pipe)
            let bytes = (0..<Window.size).map { UInt8(truncatingIfNeeded: $0 >> 8 ^ $0) }
            for start in stride(from: 0, to: bytes.count, by: 16_384) {
                try agent.send(.stdout, Array(bytes[start..<start + 16_384]))
            }
            try agent.send(.stderr, Array("errors pass".utf8))
            // By then it has come to the end of what it can write.
            try Harness.eventually("the launcher writes the other stream") {
                try launch.errors() == "errors pass"
            }
            var got = Data()
            while got.count < bytes.count, let part = try pipe.read(upToCount: 4096) { got += part }
            #expect([UInt8](got) == bytes)
            var credit = 0
            while credit <= Window.size - Window.step {
                let body = try agent.next(.outputCredit)
                let one = try Credit(.outputCredit, body, body.indices)
                #expect(one.stream == .stdout)
                credit += one.bytes
            }
            #expect(credit <= Window.size)
            try agent.send(.exited, [3])
            let run = try launch.wait()
            #expect(run.status == 3)
            #expect(run.errors == "errors pass")
        }

        @Test("tells the agent when nobody reads its output any more")
        func closedOutput() throws {
            let (launch, agent) = try Desk().running(streams: .pipe)
            try launch.pipe?.close()
            try agent.send(.stdout, [1])
            #expect(try agent.next(.outputClosed) == [1])
            try agent.send(.killed, [UInt8(SIGPIPE)])
            #expect(try launch.wait().status == -SIGPIPE)
        }

        @Test(
            "passes on the signals of a batch system",
            arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP])
        func signals(_ signal: Int32) throws {
            let (launch, agent) = try Desk().running()
            launch.kill(signal)
            #expect(try agent.next(.signal) == [UInt8(signal)])
            try agent.send(.exited, [0])
            #expect(try launch.wait().status == 0)
        }

        @Test("sends a signal that came before the payload was there")
        func earlySignal() throws {
            let desk = try Desk()
            let launch = try desk.launch()
            let agent = try desk.theAgent()
            try agent.accept()
            _ = try agent.order()
            launch.kill(SIGTERM)
            #expect(try agent.next(.signal) == [UInt8(SIGTERM)])
            try agent.send(.started)
            try agent.send(.killed, [UInt8(SIGTERM)])
            #expect(try launch.wait().status == -SIGTERM)
        }

        @Test("fails when the machine goes away, with what the payload wrote before")
        func lostMachine() throws {
            let (launch, agent) = try Desk().running()
            try agent.send(.stdout, Array("until here".utf8))
            agent.hangUp()
            let run = try launch.wait()
            #expect(run.status == 69)
            #expect(run.text == "until here")
            // A heartbeat that nobody has read makes another end of it.
            #expect(run.errors.hasPrefix("bivouac: the machine ended before the job did ("), "\(run.errors)")
        }

        @Test("fails when the machine goes away before it took the script")
        func lostEarly() throws {
            let desk = try Desk()
            let launch = try desk.launch()
            try desk.theAgent().accept()
            try desk.theAgent().hangUp()
            let run = try launch.wait()
            #expect(run.status == 69)
            #expect(run.errors.hasPrefix("bivouac: the machine ended before the job did ("))
        }

        @Test("fails with the agent's reason when the payload cannot be started")
        func notStarted() throws {
            let desk = try Desk()
            let launch = try desk.launch()
            let agent = try desk.theAgent()
            try agent.accept()
            _ = try agent.order()
            try agent.send(.failed, StartFailure(code: 2, text: "no such program").body)
            let run = try launch.wait()
            #expect(run.status == 69)
            #expect(run.errors == "bivouac: the machine could not start the job: no such program\n")
        }

        @Test("fails on what is no frame, or comes at the wrong time", arguments: Malformed.all)
        func malformed(_ example: Malformed) throws {
            let desk = try Desk()
            let launch = try desk.launch()
            let agent = try desk.theAgent()
            try agent.accept()
            _ = try agent.order()
            if example.isLate { try agent.send(.started) }
            try agent.send(example.bytes)
            let run = try launch.wait()
            #expect(run.status == 76)
            #expect(run.errors.hasPrefix("bivouac: the machine's answer is malformed ("))
            #expect(run.errors.filter { $0 == "\n" }.count == 1)
        }

        @Test("fails on random bytes", arguments: 0..<20)
        func noise(_ seed: Int) throws {
            var random = SplitMix(state: UInt64(seed))
            let (launch, agent) = try Desk().running()
            try agent.send((0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) })
            agent.hangUp()
            let run = try launch.wait()
            #expect([69, 76].contains(run.status))
            #expect(run.errors.hasSuffix("\n"))
        }
    }

    /// Bytes of an agent that a launcher must not accept.
    struct Malformed: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let isLate: Bool

        init(_ description: String, _ bytes: [UInt8], isLate: Bool = true) {
            testDescription = description
            self.bytes = bytes
            self.isLate = isLate
        }

        private static func frame(_ kind: FrameKind, _ body: [UInt8]) -> [UInt8] {
            [kind.rawValue, UInt8(body.count & 0xFF), UInt8(body.count >> 8), 0, 0] + body
        }

        static let all: [Malformed] = [
            Malformed("an unknown kind", [0xEE, 0, 0, 0, 0]),
            Malformed("a frame for agents", frame(.stdin, [1])),
            Malformed(
                "a frame of the control port", frame(.ready, Ready(agent: "a", kernel: "k", uptime: 1).body)),
            Malformed("four gigabytes", [FrameKind.stdout.rawValue, 0xFF, 0xFF, 0xFF, 0xFF]),
            Malformed("an empty piece of output", frame(.stdout, [])),
            Malformed("an end without a code", frame(.exited, [])),
            Malformed("an end with two codes", frame(.exited, [0, 0])),
            Malformed("death by signal 0", frame(.killed, [0])),
            Malformed("death by signal 65", frame(.killed, [65])),
            Malformed("more credit than was used", frame(.inputCredit, Credit(.stdin, bytes: 1).body)),
            Malformed("credit for an output", frame(.inputCredit, Credit(.stdout, bytes: 1).body)),
            Malformed("a second start", frame(.started, [])),
            Malformed("output before the start", frame(.stdout, [1]), isLate: false),
            Malformed("an end before the start", frame(.exited, [0]), isLate: false),
            Malformed(
                "a reason that is not printable", frame(.failed, [0, 0, 0, 0, 2, 0, 0, 0, 0x1B, 0x5B]),
                isLate: false),
        ]
    }
}

/// Random numbers that are the same in every run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

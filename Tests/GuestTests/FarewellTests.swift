import Foundation
import Guest
import GuestProtocol
import Job
import TestSupport
import Testing
import Unix

@Suite("A payload that may be terminated says so", .serialized, .timeLimit(.minutes(15)))
struct FarewellTests {
    private func run(_ script: String) throws -> Outcome {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.hasDirectory = true
            rehearsal.startAgent()
            defer { rehearsal.end() }
            let text = script.replacingOccurrences(
                of: "$SHUTDOWN", with: rehearsal.payloadDirectory + "/shutdown"
            )
            .replacingOccurrences(of: "$JOBOUTPUTS", with: rehearsal.payloadDirectory + "/outputs")
            return try rehearsal.run(try rehearsal.script("#!/bin/sh\n" + text + "\n"))
        }
    }

    private func lines(_ outcome: Outcome) -> [String] {
        outcome.errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("bivouac: ") }
    }

    @Test("by shutdown_command: its own status is the job's")
    func ownStatus() throws {
        let outcome = try run("$SHUTDOWN 300 nothing to do; echo done; exit 5")
        #expect(outcome.status == 5)
        #expect(outcome.text == "done\n")
        #expect(lines(outcome) == ["bivouac: the payload asks for the end of the job: 300 nothing to do"])
    }

    @Test(
        "by shutdown_command, and waits for its end: it ends as it said",
        arguments: [("", 0), ("200 all done", 0), ("100 told to", 0), ("500 disk is full", 1), ("word", 0)]
            as [(String, Int32)])
    func waits(message: String, status: Int32) throws {
        let outcome = try run("$SHUTDOWN \(message)\nexec sleep 600")
        #expect(outcome.status == status, "\(outcome.errors)")
    }

    @Test("by shutdown_command from any of its processes, and the others end with it")
    func others() throws {
        let outcome = try run(
            "trap 'echo cleaned; exit 9' TERM; $SHUTDOWN 200 & while :; do sleep 0.05; done")
        #expect(outcome.status == 9)
        #expect(outcome.text == "cleaned\n")
    }

    @Test("by shutdown_message among its outputs, which changes nothing else")
    func message() throws {
        let outcome = try run("echo '700 no network; $(reboot)' >$JOBOUTPUTS/shutdown_message; exit 4")
        #expect(outcome.status == 4)
        #expect(lines(outcome) == ["bivouac: shutdown_message: 700 no network; $(reboot)"])
    }

    @Test(
        "and what it writes is one bounded line, never followed anywhere",
        arguments: ["ln -s /etc/passwd", "mkfifo", "mkdir"])
    func hostile(command: String) throws {
        let outcome = try run("cd $JOBOUTPUTS && \(command) shutdown_message; echo up")
        #expect(outcome.status == 0 && outcome.text == "up\n")
        #expect(lines(outcome) == [])
        #expect(Farewell(Array("a\u{1B}[2J\nb".utf8))?.text == "a?[2J")
        #expect(Farewell(Array(repeating: 65, count: 4096))?.text.count == 200)
        #expect(Farewell([]) == nil)
    }
}

@Suite("Somebody who listens in a machine")
struct ListeningTests {
    private static let head =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"

    @Test(
        "is found unless only the machine itself can come",
        arguments: [
            ("00000000:0016 00000000:0000 0A", "tcp port 22 of uid 7"),
            ("0100007F:0016 00000000:0000 0A", nil),
            ("00000000:0016 00000000:0000 01", nil),
            ("00000000000000000000000000000000:1F90 0:0 0A", "tcp port 8080 of uid 7"),
            ("00000000000000000000000001000000:1F90 0:0 0A", nil),
            ("0000000000000000FFFF00000100007F:1F90 0:0 0A", nil), ("garbage", nil), ("X:Y 0:0 0A", nil),
        ] as [(String, String?)])
    func parse(row: String, found: String?) {
        let table = Self.head + "   0: \(row) 00000000:00000000 00:00000000 00000000     7        0 1 1 0\n"
        #expect(ListeningSocket.parse(table, table: "tcp", state: "0A").first?.description == found)
    }

    @Test("fails a payload by the site's policy, before it starts")
    func policy() throws {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        #expect(listen(socket, 1) == 0)
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.listening = .fail
            rehearsal.startAgent()
            defer { rehearsal.end() }
            let outcome = try rehearsal.run(try rehearsal.script("#!/bin/sh\necho never\n"))
            #expect(outcome.status == 69 && outcome.text.isEmpty)
            #expect(outcome.errors.contains("somebody listens in the machine"))
            #expect(outcome.errors.contains("tcp port "))
        }
    }

    @Test("is named on one line of bounded length")
    func line() {
        let many = (0..<20).map { ListeningSocket(table: "tcp", port: $0, uid: 0) }
        #expect(ListeningSocket.line([]) == "")
        #expect(ListeningSocket.line(many).hasSuffix("tcp port 7 of uid 0 and 12 more"))
    }
}

@Suite("A user's credentials", .serialized, .timeLimit(.minutes(15)))
struct CredentialTests {
    private func run(_ script: String, _ record: String, _ value: (Rehearsal) throws -> String) throws
        -> Outcome
    {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.hasDirectory = true
            try rehearsal.record("running", more: record)
            rehearsal.startAgent()
            defer { rehearsal.end() }
            return try rehearsal.run(
                try rehearsal.script("#!/bin/sh\n" + script),
                environment: ["X509_USER_PROXY": try value(rehearsal)])
        }
    }
    private static let allowed = #","credentials":["X509_USER_PROXY","BEARER_TOKEN_FILE"]"#

    @Test("are files in memory, hers alone, under the variables that name them", .needsRoot)
    func placed() throws {
        let script =
            "stat -c '%u %a' \"$X509_USER_PROXY\"; cat \"$X509_USER_PROXY\"; echo ${BEARER_TOKEN_FILE-none}\n"
        let outcome = try run(script, Self.allowed) { rehearsal in
            let path = rehearsal.scratch + "/proxy"
            try Files.write("canary-proxy\n", to: path)
            return path
        }
        #expect(outcome.text == "\(Rehearsal.uid) 600\ncanary-proxy\nnone\n", "\(outcome.errors)")
    }

    @Test("stay on the node where the site does not name their variable")
    func notAllowed() throws {
        let outcome = try run("cat \"$X509_USER_PROXY\" || exit 3\n", #","credentials":[]"#) { rehearsal in
            try Files.write("canary", to: rehearsal.scratch + "/spool/proxy")
            return rehearsal.scratch + "/spool/proxy"
        }
        #expect(outcome.status == 3 && !outcome.text.contains("canary"))
    }

    @Test(
        "that are named and cannot be read end the job with a line",
        arguments: ["/nonexistent", "/dev/zero", "/tmp"])
    func unreadable(path: String) throws {
        let outcome = try run("echo never\n", Self.allowed) { _ in path }
        #expect(outcome.status == 78 && outcome.text.isEmpty)
        #expect(outcome.errors.contains("the credential that X509_USER_PROXY names cannot be read"))
    }

    @Test("have no text form")
    func redacted() {
        let one = Credential(variable: "X", content: Secret(Array("canary".utf8)))
        #expect(!"\(one)".contains("canary") && !String(reflecting: one).contains("canary"))
    }
}

@Suite("A payload that the image brings", .serialized, .timeLimit(.minutes(15)))
struct ImagePayloadTests {
    @Test(
        "is waited for: nothing of the script is sent, and shutdown_command ends the job",
        arguments: [("200", 0), ("600 broken", 1)] as [(String, Int32)])
    func image(message: String, status: Int32) throws {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.hasDirectory = true
            rehearsal.payload = .image
            try rehearsal.record("running", more: #","payload":"image""#)
            rehearsal.startAgent()
            defer { rehearsal.end() }
            let process = try rehearsal.start(
                try rehearsal.script("#!/bin/sh\ntouch \(rehearsal.scratch)/ran\n"))
            let request = rehearsal.payloadDirectory + "/shutdown"
            while process.isRunning, !Files.exists(request) { usleep(10_000) }
            // As soon as the payload counts as started.
            while process.isRunning {
                _ = try TestSupport.run(request, [message])
                usleep(50_000)
            }
            #expect(process.terminationStatus == status)
            #expect(!Files.exists(rehearsal.scratch + "/ran"))
        }
    }

    @Test("may ask for the end before its job's launcher has come")
    func early() throws {
        try withScratch { scratch in
            var control: [Int32] = [0, 0]
            var port: [Int32] = [0, 0]
            let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
            #expect(unsafe socketpair(AF_UNIX, type, 0, &control) == 0)
            #expect(unsafe socketpair(AF_UNIX, type, 0, &port) == 0)
            defer { for descriptor in [control[1], port[1]] { close(descriptor) } }
            let identity = Identity(uid: 23_456, gid: 23_457, groups: [])
            let place = scratch + "/job"
            try Files.makeDirectory(place, mode: 0o755)
            var agent = try Agent(
                control: FileDescriptor(owning: control[0]), payload: FileDescriptor(owning: port[0]),
                console: Console(path: "/dev/null"),
                directory: PayloadDirectory.make(in: place, for: identity),
                surroundings: Agent.Surroundings(
                    identity: identity, variables: [], features: nil, payload: .image, program: "",
                    directory: scratch, ready: Ready(agent: "test", kernel: "test", uptime: 1)))
            let asked = try TestSupport.run(place + "/shutdown", ["600", "broken"])
            #expect(asked.status == 0, "\(asked.errors)")
            for _ in 0..<5 { agent.step(atMost: 20) }
            let order = LaunchOrder(
                arguments: [[0x2D]], environment: [], directory: try #require(BytePath([0x2F])), umask: 0,
                limits: [], scriptMode: nil)
            var writer = FrameWriter()
            writer.append(.begin, Begin(orderLength: order.bytes.count, scriptLength: 0).body)
            writer.append(.part, order.bytes)
            _ = try writer.flush(to: port[1])
            var reader = FrameReader(accepting: .toLauncher)
            var kinds: [FrameKind] = []
            for _ in 0..<100 where kinds.last != .exited {
                agent.step(atMost: 20)
                _ = try reader.fill(from: port[1])
                while let frame = try reader.next() {
                    kinds.append(frame.kind)
                    if frame.kind == .exited { #expect(Array(reader.bytes[frame.body]) == [1]) }
                }
            }
            #expect(kinds.filter { $0 != .heartbeat } == [.started, .remark, .exited])
        }
    }

    private func ended(_ end: (Rehearsal, Foundation.Process) -> Void) throws -> (
        status: Int32, errors: String
    ) {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.payload = .image
            try rehearsal.record("running", more: #","payload":"image""#)
            rehearsal.startAgent()
            let errors = Foundation.Pipe()
            let process = try rehearsal.start(try rehearsal.script("#!/bin/sh\n"), errors: errors)
            rehearsal.awaitLauncher()
            end(rehearsal, process)
            process.waitUntilExit()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            return (process.terminationStatus, text)
        }
    }

    @Test("has ended well when the guest shuts down")
    func shutdown() throws {
        let outcome = try ended { rehearsal, process in
            while process.isRunning {
                rehearsal.shutDown()
                usleep(50_000)
            }
            rehearsal.end()
        }
        #expect(outcome.status == 0)
        #expect(outcome.errors == "bivouac: the machine shuts down\n")
    }

    @Test("fails its job with one line when the machine dies")
    func death() throws {
        let outcome = try ended { rehearsal, _ in rehearsal.end() }
        #expect(outcome.status == 69)
        #expect(outcome.errors.contains("the machine ended before the job did"))
    }
}

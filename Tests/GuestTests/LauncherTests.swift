import Foundation
import Guest
import GuestProtocol
import TestSupport
import Testing
import Unix

/// A launcher that finds no proper machine says why in one line and never runs anything itself.
@Suite("A launcher without a machine fails with one line", .serialized, .timeLimit(.minutes(15)))
struct LauncherTests {
    private func outcome(
        environment: [String: String] = [:], _ prepare: (Rehearsal) throws -> Void
    ) throws -> Outcome {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            try prepare(rehearsal)
            let marker = rehearsal.scratch + "/marker"
            let outcome = try rehearsal.run(
                try rehearsal.script("#!/bin/sh\ntouch \(marker)\n"), environment: environment)
            #expect(!Files.exists(marker))
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.hasPrefix("bivouac: ") && outcome.errors.hasSuffix("\n"))
            #expect(outcome.errors.split(separator: "\n").count == 1)
            return outcome
        }
    }

    @Test("a refused job names its refusal")
    func refused() throws {
        let outcome = try outcome { rehearsal in
            try rehearsal.record(
                "refused", more: #","refusal":{"name":"ListExpired","message":"the list is\nstale"}"#)
        }
        #expect(outcome.status == 78)
        #expect(outcome.errors == "bivouac: ListExpired: the list is stale\n")
    }

    @Test("an image that cannot give the job what its queue promises starts no payload, and says why")
    func unmet() throws {
        let outcome = try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.unmet = .noFileSystem("virtiofs")
            try rehearsal.record("running")
            rehearsal.startAgent()
            defer { rehearsal.end() }
            let marker = rehearsal.scratch + "/marker"
            let outcome = try rehearsal.run(try rehearsal.script("#!/bin/sh\ntouch \(marker)\n"))
            #expect(!Files.exists(marker))
            return outcome
        }
        #expect(outcome.status != 0)
        #expect(outcome.errors.contains("the image's kernel has no virtiofs"), "\(outcome.errors)")
    }

    @Test("no live directory, no record, a record of somebody else's making or of another job: exit 78")
    func records() throws {
        let missing = try outcome { try Files.removeTree($0.jobDirectory) }
        #expect(missing.status == 78)
        #expect(missing.errors.contains("job 7 has no machine on this node"))

        let unrecorded = try outcome { try Files.remove($0.jobDirectory + "/record.json") }
        #expect(unrecorded.status == 78)
        #expect(unrecorded.errors.contains("the record of job test-7 cannot be read"))

        let foreign = try outcome { try Files.changeOwner($0.jobDirectory + "/record.json", uid: 1, gid: 1) }
        #expect(foreign.status == 78)

        let writable = try outcome { try Files.changeMode($0.jobDirectory + "/record.json", 0o666) }
        #expect(writable.status == 78)

        let linked = try outcome { rehearsal in
            let path = rehearsal.jobDirectory + "/record.json"
            try Files.rename(path, to: path + ".real")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".real")
        }
        #expect(linked.status == 78)

        let damaged = try outcome { try Files.write("{", to: $0.jobDirectory + "/record.json", mode: 0o644) }
        #expect(damaged.status == 78)
        #expect(damaged.errors.contains("is damaged"))

        let others = try outcome { try $0.record("running", uid: 1) }
        #expect(others.status == 78)
        #expect(others.errors.contains("not this user's"))
    }

    @Test("a machine that does not run yet or any more: exit 78 naming its phase")
    func phases() throws {
        for phase in ["booting", "ending", "gone"] {
            let outcome = try outcome { try $0.record(phase) }
            #expect(outcome.status == 78)
            #expect(outcome.errors == "bivouac: the machine of job test-7 is not running (it is \(phase))\n")
        }
    }

    @Test("no socket, or one that is not the user's: exit 78")
    func sockets() throws {
        let missing = try outcome { try Files.remove($0.socketPath) }
        #expect(missing.status == 78)
        #expect(missing.errors.contains("has no socket"))

        let foreign = try outcome { try Files.changeOwner($0.socketPath, uid: 1, gid: 1) }
        #expect(foreign.status == 78)

        let file = try outcome { rehearsal in
            try Files.remove(rehearsal.socketPath)
            try Files.write("", to: rehearsal.socketPath)
        }
        #expect(file.status == 78)
    }

    @Test("the environment leads to no other machine")
    func environment() throws {
        let outcome = try outcome(environment: ["SLURM_JOB_ID": "../7"]) { _ in }
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("no job"))
        let root = try self.outcome(environment: ["BIVOUAC_ROOT": "/elsewhere"]) { rehearsal in
            try Files.removeTree(rehearsal.jobDirectory)
        }
        #expect(root.status == 78)
        #expect(!root.errors.contains("elsewhere"))
    }

    private func frames(_ frames: [(FrameKind, [UInt8])]) -> [UInt8] {
        var writer = FrameWriter()
        for (kind, body) in frames { writer.append(kind, body) }
        return writer.take()
    }

    @Test("a machine that ends first: what it wrote is kept, the job fails")
    func lost() throws {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.startImpostor(frames([(.started, []), (.stdout, Array("half\n".utf8))]))
            let outcome = try rehearsal.run(try rehearsal.script("#!/bin/sh\n"))
            #expect(outcome.status == 69)
            #expect(outcome.text == "half\n")
            #expect(outcome.errors.hasPrefix("bivouac: the machine ended before the job did ("))
            rehearsal.end()
        }
    }

    @Test(
        "malformed answers fail the job by name",
        arguments: [
            ([0xFF, 0, 0, 0, 0], "UnknownKind"), ([0x02, 1, 0, 0, 0, 0], "WrongDirection"),
            ([0x46, 2, 0, 0, 0, 0, 0], "WrongLength"), ([0x46, 1, 0, 0, 0, 0], "OutOfOrder"),
            ([0x41, 0, 0, 0, 0, 0x47, 1, 0, 0, 0, 0], "BadBody"),
            ([0x41, 0, 0, 0, 0, 0x44, 5, 0, 0, 0, 0, 1, 0, 0, 0], "BadBody"),
        ] as [([UInt8], String)])
    func malformed(answer: [UInt8], name: String) throws {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.startImpostor(answer)
            let outcome = try rehearsal.run(try rehearsal.script("#!/bin/sh\n"))
            #expect(outcome.status == 76)
            #expect(outcome.errors.hasPrefix("bivouac: the machine's answer is malformed (\(name): "))
            rehearsal.end()
        }
    }

    @Test("what the machine says of its failure is one printable line")
    func failure() throws {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            rehearsal.startImpostor(frames([(.failed, StartFailure(code: 28, text: "no\nspace").body)]))
            let outcome = try rehearsal.run(try rehearsal.script("#!/bin/sh\n"))
            #expect(outcome.status == 69)
            #expect(outcome.errors == "bivouac: the machine could not start the job: no?space\n")
            rehearsal.end()
        }
    }

    @Test("an output that nobody reads holds up neither the other nor signals")
    func blocked() throws {
        try withAgent { rehearsal in
            let blocked = Foundation.Pipe()
            let errors = rehearsal.scratch + "/errors"
            try Data().write(to: URL(fileURLWithPath: errors))
            let script = """
                #!/bin/sh
                trap 'echo caught >&2; kill $pid; exit 4' USR1
                cat /dev/zero & pid=$!
                sleep 0.5
                echo up >&2
                while :; do sleep 0.05; done
                """
            let process = try rehearsal.start(
                try rehearsal.script(script), output: blocked,
                errors: try FileHandle(forWritingTo: URL(fileURLWithPath: errors)))
            func text() -> String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }
            for _ in 0..<6000 where text() != "up\n" { usleep(10_000) }
            #expect(text() == "up\n")
            kill(process.processIdentifier, SIGUSR1)
            for _ in 0..<6000 where text() != "up\ncaught\n" { usleep(10_000) }
            #expect(text() == "up\ncaught\n")
            // Only now does anybody read.
            let bytes = blocked.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationStatus == 4)
            #expect(!bytes.isEmpty && bytes.allSatisfy { $0 == 0 })
        }
    }

    @Test("when nobody will ever read an output the payload is told by SIGPIPE")
    func brokenPipe() throws {
        try withAgent { rehearsal in
            let script = try rehearsal.script("#!/bin/sh\nexec cat /dev/zero\n")
            let run = try rehearsal.run(
                "/bin/bash", ["-c", "\(script) | head -c 100000 | wc -c; echo ${PIPESTATUS[0]}"])
            // 128 and the number of SIGPIPE, as the shell tells it.
            #expect(run.text == "100000\n141\n")
        }
    }

    @Test("an output whose reader is gone before the payload starts does not hold it up")
    func brokenFromTheStart() throws {
        try withAgent { rehearsal in
            // Three windows' worth: without word of the broken pipe the payload would wait for ever.
            let script = try rehearsal.script("#!/bin/sh\ntrap '' PIPE\nhead -c 3145728 /dev/zero\nexit 6\n")
            let run = try rehearsal.run(
                "/bin/bash", ["-c", "{ sleep 0.3; \(script); echo status $? >&2; } | true"])
            #expect(run.errors.contains("status 6\n"))
        }
    }
}

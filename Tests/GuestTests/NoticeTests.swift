import Foundation
import Guest
import GuestProtocol
import Job
import Synchronization
import TestSupport
import Testing
import Unix

@Suite("A payload learns of its end while it runs", .serialized, .timeLimit(.minutes(15)))
struct NoticeTests {
    /// A payload that runs, with its features below the scratch directory; our own lines of its stderr.
    private func running(
        _ script: String, grace: Int? = nil,
        _ body: (Rehearsal, Foundation.Process, _ output: () -> String, _ feature: () -> String?) throws ->
            Void
    ) throws -> String {
        try withScratch { scratch in
            let rehearsal = try Rehearsal(scratch: scratch)
            let directory = rehearsal.scratch + "/jobfeatures"
            let tree = FeatureTree(directory: directory)
            try tree.publish([#require(.init("shutdowntime_job", "1"))])
            rehearsal.features = tree
            rehearsal.grace = grace
            rehearsal.startAgent()
            defer { rehearsal.end() }
            let files = ["output", "errors"].map { URL(fileURLWithPath: "\(rehearsal.scratch)/\($0)") }
            for file in files { try Data().write(to: file) }
            let process = try rehearsal.start(
                try rehearsal.script(script), output: try FileHandle(forWritingTo: files[0]),
                errors: try FileHandle(forWritingTo: files[1]))
            let output = { (try? String(contentsOf: files[0], encoding: .utf8)) ?? "" }
            try settled { output().contains("up") }
            try body(rehearsal, process, output) {
                try? String(contentsOfFile: directory + "/shutdowntime_job", encoding: .utf8)
            }
            process.waitUntilExit()
            // A shell says of its own children how they ended.
            return try String(contentsOf: files[1], encoding: .utf8).split(separator: "\n")
                .filter { $0.hasPrefix("bivouac: ") }.map { $0 + "\n" }.joined()
        }
    }

    private func settled(_ condition: () -> Bool) throws {
        for _ in 0..<1000 {
            if condition() { return }
            usleep(10_000)
        }
        Issue.record("in vain")
    }

    private static let waiting =
        "trap 'echo warned' USR1\ntrap 'exit 7' TERM\necho up\nwhile :; do sleep 0.05; done\n"

    @Test("a notice is in shutdowntime_job when it is confirmed; signal and line reach the job")
    func notice() throws {
        let errors = try running("#!/bin/sh\n" + Self.waiting) { rehearsal, process, output, feature in
            let notice = Notice(shutdown: 1_900_000_000, signal: .USR1, reason: "drain; $(reboot)")
            try rehearsal.command(.notice, notice.body, awaiting: .noticed)
            #expect(feature() == "1900000000")
            try settled { output().contains("warned") }
            let withdrawn = Notice(shutdown: nil, signal: nil, reason: "stays")
            try rehearsal.command(.notice, withdrawn.body, awaiting: .noticed)
            #expect(feature() == nil)
            kill(process.processIdentifier, SIGTERM)
        }
        #expect(
            errors == "bivouac: the job must end by 2030-03-17T17:46:40Z: drain; $(reboot)\n"
                + "bivouac: no end of the job is foreseen any more: stays\n")
    }

    @Test(
        "TERM moves shutdowntime_job to the grace that is left; root can ask when it came, and when all began"
    )
    func term() throws {
        let before = currentSeconds()
        var read: Int64?
        var ready = Ready(agent: "", kernel: "", uptime: 0)
        let errors = try running("#!/bin/sh\n" + Self.waiting, grace: 40) { rehearsal, process, _, feature in
            kill(process.processIdentifier, SIGTERM)
            try settled { feature().flatMap { Int64($0) } ?? 1 > 1 }
            read = feature().flatMap { Int64($0) }
            // The first answer greets whoever came, before TERM.
            for _ in 0..<2 {
                let body = try rehearsal.command(.hello, awaiting: .ready)
                ready = try Ready(body, body.indices)
            }
        }
        #expect((before...currentSeconds()).contains(Int64(ready.begun)))
        #expect((Int64(ready.begun)...currentSeconds()).contains(Int64(ready.terminated)))
        #expect((before + 40...currentSeconds() + 40).contains(read ?? 0))
        #expect(errors == "bivouac: the job was told to end (TERM) and has 40 s left\n")
    }

    @Test("readers of a feature that changes see one value or the other, whole")
    func atomic() throws {
        try withScratch { scratch in
            let tree = FeatureTree(directory: scratch + "/features")
            let values = [String(repeating: "1", count: 1000), String(repeating: "2", count: 900)]
            try tree.publish([#require(.init("key", values[0]))])
            let isOver = Mutex(false)
            Thread.detachNewThread {
                for turn in 0..<2000 {
                    guard let feature = Assignment.Feature("key", values[turn % 2]) else { break }
                    try? tree.publish(feature)
                }
                isOver.withLock { $0 = true }
            }
            while !isOver.withLock({ $0 }) {
                let text = try String(contentsOfFile: scratch + "/features/key", encoding: .utf8)
                #expect(values.contains(text))
            }
        }
    }
}

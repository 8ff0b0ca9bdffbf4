import Foundation
import Job
import TestSupport
import Testing

@testable import JobContext

@Suite("The context volume") struct ContextVolumeTests {
    static let shells = [["/bin/sh"], ["/bin/bash", "--posix"], ["/bin/busybox", "sh"]]

    static func facts(_ value: String) throws -> ContextFacts {
        ContextFacts(
            machine: try #require(MachineName("demo-4711.0")), uuid: "6a1f5dd5-8d3b-4a06-9f3f-6a2f4d0f3b11",
            hostname: "job-4711", account: value, queue: value, project: value,
            image: try #require(ImageName("demo/minimal")),
            lifetime: 3601)
    }

    static let hostile = [
        "plain", "", "it's", "'; touch pwned; '", "$(touch pwned)", "`touch pwned`", "\\'; touch pwned #",
        "a\nb\n",
        "\"$HOME\" ${IFS} * ? ~", "'\\''", "\u{1B}[31m\u{7F}", "Grüße, 世界", "-n", "a\rb", "!history", "\\",
        "''", "&|<>(){}",
    ]

    @Test("gives a shell that sources it every value exactly", arguments: hostile, shells)
    func quoting(value: String, shell: [String]) throws {
        try withScratch { scratch in
            let text = try Self.facts(value).shellText()
            try Data(text.utf8).write(to: URL(fileURLWithPath: scratch + "/context.sh"))
            let script = """
                cd \(scratch) && . ./context.sh && printf '%s|%s|%s|%s|%s.' \
                "$BIVOUAC_ACCOUNT" "$BIVOUAC_QUEUE" "$BIVOUAC_PROJECT" "$VMID" "$TTL"
                """
            let run = try run(shell[0], Array(shell.dropFirst()) + ["-c", script])
            #expect(run.text == "\(value)|\(value)|\(value)|6a1f5dd5-8d3b-4a06-9f3f-6a2f4d0f3b11|2.")
            #expect(run.errors == "")
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch) == ["context.sh"])
        }
    }

    @Test("gives OpenNebula's readers the script that starts the agent, exactly", arguments: shells)
    func startScript(shell: [String]) throws {
        try withScratch { scratch in
            let volumes = try ContextVolume.make(
                facts: try Self.facts("it's"), assignment: [], forms: [.hepix])
            let iso = ISO9660Reader(bytes: try VolumeTests.image(try #require(volumes.first)))
            let context = try #require(iso.entries.first { $0.name == "context.sh" }).content
            try Data(context).write(to: URL(fileURLWithPath: scratch + "/context.sh"))
            let run = try run(
                shell[0],
                Array(shell.dropFirst()) + ["-c", ". \(scratch)/context.sh; printf %s \"$START_SCRIPT\""])
            #expect(run.text == ContextScripts.prolog && run.errors == "")
        }
    }

    @Test("refuses a value that no shell could hold")
    func impossible() {
        #expect(throws: ContextError.self) { try Self.facts("a\0b").shellText() }
        #expect(throws: ContextError.self) { try Self.facts(String(repeating: "x", count: 4097)).shellText() }
        for name in ["", "a", "1A", "A B", "A=", "PATH;"] {
            #expect(throws: ContextError.self) { try ShellText.assignment(name, "") }
        }
    }

    @Test("has the files that HEPiX contextualisation looks for, and the assignment unchanged")
    func files() throws {
        let assignment = Array(#"{"version":1,"name":"it's"}"#.utf8)
        let volumes = try ContextVolume.make(
            facts: try Self.facts("eve"), assignment: assignment, forms: [.hepix])
        #expect(volumes.count == 1)
        let iso = ISO9660Reader(bytes: try VolumeTests.image(try #require(volumes.first)))
        #expect(iso.label == "CONTEXT")
        let entries = Dictionary(uniqueKeysWithValues: iso.entries.map { ($0.name, $0) })
        #expect(Set(entries.keys) == ["context.sh", "prolog.sh", "init.sh", "epilog.sh", "assignment.json"])
        #expect(entries["assignment.json"]?.content == assignment)
        #expect(entries.values.allSatisfy { $0.mode == 0o100444 && $0.uid == 0 && $0.gid == 0 })
        #expect(iso.bytes.count < 200_000)
    }

    @Test("refuses an assignment that is too large")
    func tooLarge() throws {
        let facts = try Self.facts("eve")
        #expect(throws: ContextError.self) {
            try ContextVolume.make(facts: facts, assignment: [UInt8](repeating: 0x20, count: (1 << 20) + 1))
        }
    }

    @Test(
        "has scripts that every shell can parse, and that leave a shell which sources them as it was",
        arguments: shells)
    func scripts(shell: [String]) throws {
        try withScratch { scratch in
            for (name, text) in [("prolog.sh", ContextScripts.prolog), ("epilog.sh", ContextScripts.epilog)] {
                try Data(text.utf8).write(to: URL(fileURLWithPath: scratch + "/" + name))
                let parsed = try run(shell[0], Array(shell.dropFirst()) + ["-n", scratch + "/" + name])
                #expect(parsed.status == 0 && parsed.errors.isEmpty, "\(name): \(parsed.errors)")
                let script =
                    "set -eu; umask 027; PATH=/nowhere; set -- stop; . \(scratch)/\(name); umask; echo \"$PATH $-\""
                let sourced = try run(shell[0], Array(shell.dropFirst()) + ["-c", script])
                #expect(
                    sourced.status == 0 && sourced.text.contains("0027\n/nowhere "), "\(name): \(sourced)")
                #expect(sourced.text.contains("e") && sourced.text.contains("u"))
            }
        }
    }
}

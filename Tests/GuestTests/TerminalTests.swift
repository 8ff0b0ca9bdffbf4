import Foundation
import TestSupport
import Testing
import Unix

@Suite("A payload whose launcher stands on a terminal has one too", .serialized, .timeLimit(.minutes(15)))
struct TerminalTests {
    /// The launcher in front of a command, on a terminal of 24 rows and 80 columns.
    private func start(
        _ words: [String], on rehearsal: Rehearsal, environment: [String: String] = [:]
    ) throws -> Typist {
        try Typist(
            [Rehearsal.launcher, "--root=\(rehearsal.scratch)", "--"] + words,
            environment: ["PATH": "/usr/bin:/bin", "SLURM_JOB_ID": "7", "LC_ALL": "C", "TERM": "dumb"]
                .merging(environment) { $1 })
    }

    private func shell(_ text: String, on rehearsal: Rehearsal) throws -> Typist {
        try start(["/bin/sh", "-c", text], on: rehearsal)
    }

    @Test("of the launcher's size, told of a new one; it is the user's, and her session's")
    func size() throws {
        try withAgent { rehearsal in
            let typist = try shell(
                """
                stty size; trap 'stty size' WINCH; test -t 0 -a -t 1 -a -t 2 && stat -c '%u %a' "$(tty)"
                echo here >/dev/tty; echo ready
                until read line; do :; done
                echo "got $line"; exit 7
                """, on: rehearsal)
            try typist.see("24 80\n\(Rehearsal.uid) 600\nhere\nready\n")
            #expect(typist.isRaw)
            try typist.resize(rows: 33, columns: 132)
            try typist.see("33 132\n")
            // Echoed once, by the guest's terminal and not by ours.
            try typist.type("hello\r")
            #expect(try typist.end() == 7)
            #expect(typist.shown.hasSuffix("33 132\nhello\ngot hello\n"), "\(typist.shown)")
            #expect(!typist.isRaw)
        }
    }

    @Test("whose keys interrupt, stop and end what runs in the foreground")
    func jobControl() throws {
        try withAgent { rehearsal in
            let typist = try start(["/bin/bash", "--norc", "--noprofile", "-i"], on: rehearsal)
            try typist.see("$ ")
            // It says so when the terminal is its own, and when that is so again.
            try typist.type(
                "bash -c 'trap \"echo back\" CONT; echo on; while read -r l; do echo got $l; done'\r")
            try typist.see("done'\n")
            try typist.see("on\n")
            try typist.type("one\r")
            try typist.see("one\ngot one\n")
            try typist.type("\u{1A}")
            try typist.see("Stopped")
            try typist.type("jobs\r")
            try typist.see("Stopped")
            try typist.type("fg\r")
            try typist.see("back\n")
            try typist.type("two\r")
            try typist.see("two\ngot two\n")
            try typist.type("\u{04}")
            try typist.see("$ ")
            try typist.type("sh -c 'echo on; exec sleep 1000'\r")
            try typist.see("1000'\n")
            try typist.see("on\n")
            try typist.type("\u{03}")
            try typist.see("$ ")
            try typist.type("exit 5\r")
            #expect(try typist.end() == 5)
        }
    }

    @Test("and arrives whole, however much it writes")
    func much() throws {
        try withAgent { rehearsal in
            let typist = try shell("seq 1 60000; exit 3", on: rehearsal)
            #expect(try typist.end() == 3)
            let lines = typist.shown.split(separator: "\n").map(String.init)
            #expect(lines == (1...60_000).map(String.init))
        }
    }

    @Test("but not where its output leads elsewhere")
    func pipe() throws {
        try withAgent { rehearsal in
            let launcher = "\(Rehearsal.launcher) --root=\(rehearsal.scratch) --"
            let typist = try Typist(
                ["/bin/sh", "-c", "\(launcher) /bin/sh -c 'test -t 1 || printf a%sb pipe' | cat"],
                environment: ["PATH": "/usr/bin:/bin", "SLURM_JOB_ID": "7"])
            try typist.see("apipeb")
            #expect(try typist.end() == 0)
        }
    }

    @Test("whose login shell is /bin/sh where the machine does not have hers")
    func missingShell() throws {
        try withAgent { rehearsal in
            let typist = try start(["/opt/zsh"], on: rehearsal, environment: ["SHELL": "/opt/zsh"])
            try typist.type("echo $SHELL $0; exit 4\r")
            try typist.see("/bin/sh /bin/sh\n")
            #expect(try typist.end() == 4)
        }
    }

    @Test("which ends with that of its launcher, shell and all")
    func hangUp() throws {
        try withAgent { rehearsal in
            let typist = try start(["/bin/bash", "--norc", "--noprofile", "-i"], on: rehearsal)
            try typist.see("$ ")
            try typist.type("echo pid $$ end\r")
            try typist.see("pid $$")
            try typist.see("pid ")
            try typist.see(" end\n")
            let words = typist.shown.split(whereSeparator: \.isWhitespace)
            let index = try #require(words.lastIndex(of: "end"))
            let shell = try #require(Int32(words[index - 1]))
            let children = try String(
                contentsOfFile: "/proc/\(typist.id)/task/\(typist.id)/children", encoding: .utf8)
            let launcher = Int32(children.trimmingCharacters(in: .whitespaces)) ?? typist.id
            Signals.send(Signals.kill, to: launcher)
            let deadline = Deadline(seconds: 20)
            while kill(shell, 0) == 0, !deadline.isOver { usleep(10_000) }
            #expect(kill(shell, 0) != 0)
        }
    }
}

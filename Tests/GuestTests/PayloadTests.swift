import Foundation
import Testing
import Unix

@Suite("A payload is run as if the launcher were it", .serialized, .timeLimit(.minutes(15)))
struct PayloadTests {
    @Test("standard output and standard error arrive unchanged and apart")
    func streams() throws {
        try withAgent { rehearsal in
            let bytes = (0..<2).map { seed in
                Data((0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> (7 + seed)) })
            }
            try bytes[0].write(to: URL(fileURLWithPath: rehearsal.scratch + "/one"))
            try bytes[1].write(to: URL(fileURLWithPath: rehearsal.scratch + "/two"))
            let script = try rehearsal.script("#!/bin/sh\ncat $1/one & cat $1/two >&2\nwait\n")
            let run = try rehearsal.run(script, [rehearsal.scratch])
            #expect(run.status == 0)
            #expect(run.output == bytes[0])
            let errors = try Data(contentsOf: URL(fileURLWithPath: rehearsal.scratch + "/errors"))
            #expect(errors == bytes[1])
        }
    }

    @Test("the launcher ends with the payload's exit code", arguments: [0, 1, 7, 255])
    func exitCodes(code: Int32) throws {
        try withAgent { rehearsal in
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\nexit \(code)\n"))
            #expect(run.status == code)
            #expect(run.errors == "")
        }
    }

    @Test(
        "the launcher dies by the signal that ended the payload", arguments: ["KILL", "SEGV", "TERM", "PIPE"])
    func deaths(signal: String) throws {
        let numbers: [String: Int32] = ["KILL": 9, "SEGV": 11, "TERM": 15, "PIPE": 13]
        try withAgent { rehearsal in
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\nkill -\(signal) $$\n"))
            #expect(run.status == -(numbers[signal] ?? 0))
        }
    }

    @Test("standard input arrives whole, and its end too")
    func input() throws {
        try withAgent { rehearsal in
            let bytes = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
            let path = rehearsal.scratch + "/input"
            try bytes.write(to: URL(fileURLWithPath: path))
            let input = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            let run = try rehearsal.run(try rehearsal.script("#!/bin/sh\nexec cat\n"), input: input)
            #expect(run.status == 0)
            #expect(run.output == bytes)
        }
    }

    @Test("arguments and variables arrive byte for byte, the node's own stay there")
    func argumentsAndVariables() throws {
        let odd = "a 'b' \"c\" $d `e` \\ \n\t*? é ☃"
        try withAgent { rehearsal in
            let script = try rehearsal.script("#!/bin/sh\nprintf '%s\\0' \"$0\" \"$@\"\nexec env -0\n")
            let run = try rehearsal.run(
                script, [odd, "", "-x", "--"],
                environment: ["ODD": odd, "SLURM_CONF": "/x", "LD_LIBRARY_PATH": "/opt/lib", "MUNGE_X": "1"])
            let strings = run.output.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            #expect(Array(strings.prefix(5)) == [script, odd, "", "-x", "--"])
            let variables = Set(strings.dropFirst(5).filter { !$0.isEmpty })
            let added = variables.filter {
                $0.hasPrefix("PWD=") || $0.hasPrefix("_=") || $0.hasPrefix("OLDPWD=")
            }
            #expect(
                variables.subtracting(added) == [
                    "PATH=/usr/bin:/bin", "SLURM_JOB_ID=7", "LC_ALL=C", "ODD=\(odd)",
                    "LD_LIBRARY_PATH=/opt/lib",
                    "MACHINEFEATURES=/etc/machinefeatures", "JOBFEATURES=/etc/jobfeatures",
                ])
        }
    }

    @Test("the payload is the job's user and nobody else, for good")
    func identity() throws {
        try withAgent { rehearsal in
            let script = try rehearsal.script(
                """
                #!/bin/sh
                id -u; id -g; id -G
                grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|SigBlk|SigIgn):' /proc/self/status
                umask
                ulimit -n
                pwd
                cut -d' ' -f6 /proc/$$/stat; echo $$
                cat /proc/self/oom_score_adj
                ls /proc/self/fd | wc -l
                """)
            let run = try rehearsal.run(script)
            let lines = run.text.split(separator: "\n").map(String.init)
            #expect(lines.prefix(3) == ["23456", "23457", "23457 23458"])
            let none = "0000000000000000"
            for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "SigBlk", "SigIgn"] {
                #expect(lines.contains("\(name):\t\(none)"), "\(name) in \(lines)")
            }
            #expect(lines.contains("NoNewPrivs:\t1"))
            #expect(lines.contains(FileManager.default.currentDirectoryPath))
            #expect(lines[lines.count - 4] == lines[lines.count - 3])
            #expect(lines[lines.count - 2] == "0")
            // The three streams and the directory that ls reads.
            #expect(lines.last?.trimmingCharacters(in: .whitespaces) == "4")
        }
    }

    @Test("umask, limits and working directory are the launcher's")
    func surroundings() throws {
        try withAgent { rehearsal in
            let script = try rehearsal.script("#!/bin/sh\numask; ulimit -Sn; ulimit -Hc; ulimit -St; pwd\n")
            let run = try rehearsal.run(
                "/bin/sh",
                ["-c", "umask 0137; ulimit -Sn 77; ulimit -Hc 512; ulimit -St 999; cd /var; exec \(script)"])
            #expect(run.text == "0137\n77\n512\n999\n/var\n")
        }
    }

    @Test("a working directory that the machine lacks is made there, empty and the user's")
    func workDirectory() throws {
        try withAgent { rehearsal in
            // Only the agent's side has an empty spool.
            let directory = rehearsal.scratch + "/spool/work"
            try Files.makeDirectory(directory, mode: 0o755)
            let script = try rehearsal.script("#!/bin/sh\npwd; ls -A; stat -c %u .; touch new && echo made\n")
            let run = try rehearsal.run("/bin/sh", ["-c", "cd \(directory); exec \(script)"])
            #expect(run.text == "\(directory)\n23456\nmade\n")
            #expect(!Files.exists(directory + "/new"))
        }
    }

    @Test("the streams can be opened again by name")
    func reopening() throws {
        try withAgent { rehearsal in
            let run = try rehearsal.run(
                try rehearsal.script(
                    "#!/bin/sh\necho one >/dev/stdout\necho two >/dev/stderr\necho three >>/dev/stdout\n"))
            #expect(run.text == "one\nthree\n")
            #expect(run.errors == "two\n")
        }
    }

    @Test("a script of three megabytes arrives whole and below its own first line")
    func longScript() throws {
        try withAgent { rehearsal in
            let filler = String(repeating: "# " + String(repeating: "x", count: 97) + "\n", count: 31_458)
            let script = try rehearsal.script("#!/bin/sh\n#SBATCH --time=1\n\(filler)wc -c <$0; head -2 $0\n")
            let run = try rehearsal.run(script)
            let expected = "#!/bin/sh\n#SBATCH --time=1\n\(filler)wc -c <$0; head -2 $0\n".utf8.count
            #expect(run.text == "\(expected)\n#!/bin/sh\n#SBATCH --time=1\n")
        }
    }

    @Test("another interpreter gets its script by its path")
    func interpreter() throws {
        try withAgent { rehearsal in
            let script = try rehearsal.script("#!/usr/bin/awk -f\nBEGIN { print \"awk\", ARGV[1] }\n")
            let run = try rehearsal.run(script, ["word"])
            #expect(run.text == "awk word\n")
        }
    }

    @Test("a program that cannot be executed fails as slurmstepd would tell it")
    func execution() throws {
        try withAgent { rehearsal in
            let script = try rehearsal.script("#!/bin/sh\r\necho no\r\n")
            let run = try rehearsal.run(script)
            #expect(run.status == 2)
            #expect(
                run.errors
                    == "bivouac: error: execve(): bad interpreter(/bin/sh?): No such file or directory\n")
        }
    }

    @Test("a process left behind with the outputs open does not hold up the end")
    func leftBehind() throws {
        try withAgent { rehearsal in
            let run = try rehearsal.run(
                try rehearsal.script("#!/bin/sh\nsetsid sleep 1000 &\nsleep 1000 &\necho done\nexit 3\n"))
            #expect(run.status == 3)
            #expect(run.text == "done\n")
        }
    }

    @Test("without a script the words are a command of the machine's")
    func command() throws {
        try withAgent { rehearsal in
            let run = try rehearsal.run(
                Rehearsal.launcher, ["--root=\(rehearsal.scratch)", "--", "printf", "%s|", "a b", "c"])
            #expect(run.text == "a b|c|")
            #expect(run.status == 0)
        }
    }
}

import Foundation
import Testing
import Unix

@Suite(
    "A script cannot tell that it runs in a machine, except by looking at the machine", .needsCluster, .boots)
struct FaithfulTests {
    @Test(
        "1 MiB of random bytes on stdout and another on stderr arrive unmixed, and stdin comes from sbatch -i"
    )
    func streams() async throws {
        var random = SystemRandomNumberGenerator()
        let input = (0..<(2 << 20) + 777).map { _ in UInt8.random(in: 0...255, using: &random) }
        let file = "/var/tmp/bivouac-test-input-\(UUID().uuidString)"
        try Files.write(input, to: file, mode: 0o644)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let (job, state) = try await Submission(
            """
            dd bs=4096 count=256 iflag=fullblock of=/tmp/one 2>/dev/null
            dd bs=4096 count=256 iflag=fullblock of=/tmp/two 2>/dev/null
            [ "$(wc -c)" = 777 ] || exit 9
            cat /tmp/one &
            cat /tmp/two >&2
            wait
            """, ["--input=" + file]
        ).run()
        #expect(state.word == "COMPLETED", "\(state)")
        #expect(job.output == Array(input[0..<1 << 20]))
        #expect(job.bytes("\(job.id).err") == Array(input[1 << 20..<2 << 20]))
    }

    @Test("the job has its script's exit code", arguments: [0, 1, 7, 255])
    func exitCode(code: Int) async throws {
        let (job, state) = try await Submission("exit \(code)").run()
        #expect(state.word == (code == 0 ? "COMPLETED" : "FAILED"))
        #expect(state.exitCode == code)
        #expect(state.signal == 0)
        #expect(job.errors == "")
    }

    @Test(
        "a script that a signal kills ends its job by that signal, as on the host",
        arguments: ["KILL", "SEGV"])
    func deathBySignal(signal: String) async throws {
        let script = "echo before; kill -\(signal) $$; echo after"
        let (job, state) = try await Submission(script).run()
        let (_, onHost) = try await Submission(script, partition: "normal").run()
        #expect(state.signal == ["KILL": 9, "SEGV": 11][signal])
        #expect(state.exitCode == 0)
        #expect(state.word == onHost.word)
        #expect(state.status & 0xFF7F == onHost.status & 0xFF7F)
        #expect(job.text == "before\n")
    }

    @Test("a script of another interpreter runs in it, with its arguments")
    func interpreter() async throws {
        var submission = Submission(
            bytes: Array(
                "#!/usr/bin/awk -f\nBEGIN { for (i = 1; i < ARGC; i++) printf \"%s|\", ARGV[i]; exit 3 }\n"
                    .utf8))
        submission.arguments = ["one two", "", "three"]
        let (job, state) = try await submission.run()
        #expect(job.text == "one two||three|")
        #expect(state.exitCode == 3, "\(job.errors)")
    }

    @Test(
        "CRLF line ends arrive as they are where sbatch takes them, and its refusal stays where it does not")
    func lineEnds() async throws {
        var submission = Submission("")
        submission.wrap = "printf '%s|' one\r\nprintf '%s|' 'two\r\nthree'\r\n"
        let (job, state) = try await submission.run()
        submission.partition = "normal"
        let (reference, onHost) = try await submission.run()
        #expect(job.output == reference.output)
        #expect(job.text == "one\r|two\r\nthree\r|")
        #expect(state.status == onHost.status)
        let refusal = try await Submission("echo one\r\necho two\r").refused()
        #expect(!refusal.succeeded)
        #expect(refusal.errors.contains("DOS line breaks"))
    }

    @Test("a script of 3 MiB with #SBATCH lines is the same file in the machine, and they count")
    func longScript() async throws {
        var text = "#!/bin/sh\n#SBATCH --export=ALL,PLAIN_DIRECTIVE=counts\n"
        text += "sha512sum <\"$0\" | cut -d' ' -f1\necho \"$PLAIN_DIRECTIVE\"\n: <<'FILL'\n"
        while text.utf8.count < 3 << 20 {
            text += "#SBATCH --nodes=99 is no directive down here; Größe 日本 $(id) '\"\n"
        }
        text += "FILL\necho end\n"
        let file = "/var/tmp/bivouac-test-script-\(UUID().uuidString)"
        try Files.write(text, to: file)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let sum = try await Command.require(["/usr/bin/sha512sum", file]).text.prefix(128)
        let (job, state) = try await Submission(bytes: Array(text.utf8)).run()
        #expect(job.lines == [String(sum), "counts", "end"], "\(job.errors)")
        #expect(state.word == "COMPLETED")
    }

    @Test("each task of an array has its own machine and its array's variables")
    func array() async throws {
        let job = try await Submission(
            """
            echo "$SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_MIN $SLURM_ARRAY_TASK_MAX $SLURM_ARRAY_TASK_COUNT"
            echo "$SLURM_ARRAY_JOB_ID"
            cat /proc/sys/kernel/random/boot_id
            """, ["--array=3,5"]
        ).submit()
        let states = try await job.allEnded()
        #expect(states.count == 2)
        #expect(states.allSatisfy { $0.word == "COMPLETED" })
        var boots: Set<String> = []
        for state in states {
            let lines = String(decoding: job.bytes("\(state.id).out"), as: UTF8.self).split(separator: "\n")
                .map(String.init)
            #expect(lines.count == 3)
            let task = try #require(state.task)
            #expect(lines.first == "\(task) 3 5 2")
            #expect(lines.dropFirst().first == "\(job.id)")
            if let boot = lines.last { boots.insert(boot) }
        }
        #expect(boots.count == 2)
    }

    @Test("--export passes what it names and nothing else of the user's environment")
    func export() async throws {
        var submission = Submission(
            "tr '\\0' '\\n' </proc/self/environ", ["--export=PLAIN_ONE=1,PLAIN_TWO"])
        submission.environment = ["PLAIN_TWO=second one", "PLAIN_THREE=3"]
        let (job, state) = try await submission.run()
        #expect(state.word == "COMPLETED", "\(job.errors)")
        #expect(job.lines.contains("PLAIN_ONE=1"))
        #expect(job.lines.contains("PLAIN_TWO=second one"))
        #expect(!job.text.contains("PLAIN_THREE"))
        #expect(job.lines.contains("SLURM_JOB_ID=\(job.id)"))
    }
}

@Suite("The words of a job arrive in its machine", .needsCluster)
struct WordsTests {
    @Test("a hostile job name and comment change nothing, and the job's stderr stays empty")
    func hostileName() async throws {
        let report = try await Inspection.report()
        #expect(report.state.word == "COMPLETED")
        #expect(report.job.errors == "")
        #expect(report.sections["end"] != nil)
    }

    @Test("arguments with blanks, quotes, newlines and UTF-8 are those of sbatch's command line")
    func arguments() async throws {
        #expect(try await Inspection.section("arguments") == Inspection.arguments.map { "<\($0)>" }.joined())
    }

    @Test("variables with quotes, newlines and UTF-8 have their values", arguments: Inspection.variables)
    func variable(entry: String) async throws {
        let entries = try await Inspection.section("environment").split(separator: "\0").map(String.init)
        #expect(entries.contains(entry))
    }

    @Test("the environment is that of a job on the host, beside what belongs to the host or names the job")
    func environment() async throws {
        let (reference, state) = try await Scope.run(.busy) {
            var submission = Submission(
                "cat /proc/$$/environ", ["--job-name=" + Inspection.name], partition: "normal")
            submission.environment = Inspection.variables
            let (job, state) = try await submission.run()
            return (Self.plain(job.text, job), state)
        }
        #expect(state.word == "COMPLETED")
        let report = try await Inspection.report()
        let inside = Self.plain(try await Inspection.section("environment"), report.job)
        // They say where the features are; the others are the host's business.
        let added: Set = ["MACHINEFEATURES", "JOBFEATURES", "JOBOUTPUTS"]
        let dropped: Set = ["SLURM_CONF"]
        #expect(inside.filter { !added.contains($0.key) } == reference.filter { !dropped.contains($0.key) })
    }

    /// The variables, with what differs between any two jobs made the same.
    private static func plain(_ environment: String, _ job: SlurmJob) -> [String: String] {
        var values: [String: String] = [:]
        for entry in environment.split(separator: "\0").map(String.init) {
            guard let sign = entry.firstIndex(of: "=") else { continue }
            let name = String(entry[..<sign])
            let own: Set = ["SLURM_JOB_ID", "SLURM_JOBID", "SLURM_TASK_PID", "SLURM_JOB_PARTITION"]
            if own.contains(name) { continue }
            values[name] = entry[entry.index(after: sign)...]
                .replacingOccurrences(of: job.directory, with: "DIRECTORY")
        }
        return values
    }

    @Test("the umask is the submitter's")
    func umask() async throws {
        #expect(try await Inspection.lines("umask") == ["0027"])
    }

    @Test("the working directory has the host's path and what lies there, but for the job's own outputs")
    func directory() async throws {
        let directory = try await Inspection.report().job.directory
        #expect(try await Inspection.lines("directory") == [directory, "script"])
    }

    @Test("the script lies where slurmd keeps it, is the user's, and begins with its own first line")
    func script() async throws {
        let report = try await Inspection.report()
        let lines = try await Inspection.lines("script")
        #expect(lines.count == 3)
        #expect(lines.first?.hasSuffix("/slurm_script") == true)
        #expect(lines.dropFirst().first == "#!/bin/sh")
        #expect(lines.last == "\(report.cluster.user.name) 700")
    }

    @Test("its accounting record names image, endorser and machine")
    func accounting() async throws {
        let job = try await Inspection.report().job
        let words = ["/usr/bin/squeue", "-h", "-t", "all", "-j", "\(job.id)", "-O", "admin_comment:500"]
        let line = try await Command.require(words, environment: Cluster.slurmEnvironment).line
        #expect(line.hasPrefix("bivouac image=demo/minimal version="), "\(line)")
        #expect(line.contains(" vo=demo endorser=eve uuid="), "\(line)")
    }

    @Test("machine and job features say what the scheduler granted, and the payload cannot change them")
    func features() async throws {
        let report = try await Inspection.report()
        #expect(try await Inspection.field("allocated_cpu", of: "features") == "1")
        #expect(try await Inspection.field("job_id", of: "features") == String(report.job.id))
        let limit = try #require(Int(try await Inspection.field("wall_limit_secs", of: "features") ?? ""))
        #expect((1...600).contains(limit))
        for key in [
            "total_cpu", "grace_secs", "shutdown_command", "jobstart_secs", "cpu_limit_secs", "max_rss_bytes",
            "max_swap_bytes", "scratch_limit_bytes", "grace_secs_job", "shutdowntime_job",
        ] {
            #expect(try await Inspection.field(key, of: "features") != nil, "\(key)")
        }
        #expect(try await Inspection.field("newlines", of: "features") == "0")
        #expect(try await Inspection.field("feature written", of: "features") == "no")
        #expect(try await Inspection.field("feature made", of: "features") == "no")
    }
}

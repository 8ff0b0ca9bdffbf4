import Foundation
import Site
import Testing
import Unix

@Suite("An operator's hand on a running machine", .needsCluster, .boots)
struct QuarantineTests {
    private func state(_ job: SlurmJob) async throws -> String {
        let words = [
            "/usr/bin/virsh", "-q", "-c", Cluster.libvirt, "domstate", "bivouac-\(job.key).0",
        ]
        return try await Command.require(words).line
    }

    private func bivouac(_ words: [String]) async throws -> Outcome {
        let outcome = try await Command.run(
            [Cluster.directory + "/usr/sbin/bivouac"] + words,
            environment: ["BIVOUAC_ROOT=" + Cluster.directory] + Cluster.slurmEnvironment)
        guard outcome.succeeded else { throw CommandFailure(words: words, outcome: outcome) }
        return outcome
    }

    private func evidence(_ job: SlurmJob) throws -> String {
        let root = Cluster.places.evidence
        let days = try Files.names(in: root).map { "\(root)/\($0)/\(job.key).0" }
        return try #require(days.first { Files.exists($0) })
    }

    @Test("top shows the payload; suspend and quarantine stop it, resume undoes both, clock included")
    func suspended() async throws {
        let job = try await Submission(
            """
            trap 'date +%s' USR1
            trap 'exit 6' USR2
            echo ready
            while :; do sleep 0.2; done
            """
        ).submit()
        try await job.says("ready")
        let top = try await bivouac(["job", "top", job.key])
        #expect(top.text.hasPrefix("(untrusted: what the guest says)\nPID "), "\(top.text)")
        #expect(top.text.split(separator: "\n").contains { $0.contains("slurm_script") }, "\(top.text)")
        let console = try await bivouac(["job", "console", job.key])
        #expect(console.text.hasPrefix("(untrusted: what the guest printed)\n"), "\(console.text)")
        #expect(console.text.contains("payload started"), "\(console.text)")

        _ = try await bivouac(["job", "suspend", job.key])
        #expect(try job.phase == "paused")
        #expect(try await state(job) == "paused")
        let refused = try await Cluster.bivouac("job", "top", job.key)
        #expect(refused.status == 65)
        // Long enough that a clock which was not put right is seen to lag.
        try await Task.sleep(for: .seconds(10))
        _ = try await bivouac(["job", "resume", job.key])
        let resumed = Int(Date().timeIntervalSince1970)
        #expect(try job.phase == "running")
        try await job.signal(["--batch", "--signal=USR1"])
        let time = try await eventually("the guest tells its time", within: 600) {
            job.lines.dropFirst().first.flatMap { Int($0) }
        }
        #expect(time >= resumed && time <= Int(Date().timeIntervalSince1970) + 1)

        _ = try await bivouac(["job", "quarantine", job.key, "--reason", "a look"])
        let hold = try evidence(job) + "/hold.json"
        #expect(Files.exists(hold))
        // What died half-way and left it running is mended by tick.
        let words = ["/usr/bin/virsh", "-q", "-c", Cluster.libvirt, "resume", "bivouac-\(job.key).0"]
        try await Command.require(words)
        try await Cluster.tick()
        #expect(try await state(job) == "paused")
        _ = try await bivouac(["job", "resume", job.key])
        #expect(try await state(job) == "running")
        #expect(!Files.exists(hold))
        let early = try await bivouac(["evidence", "show", job.key, "--html"]).text
        #expect(early.contains(">agent ready <") && early.contains(">quarantine: a look <"), "\(early)")
        try await job.signal(["--batch", "--signal=USR2"])
        let end = try await job.ended()
        #expect(end.exitCode == 6, "\(job.errors)")
        let page = try await bivouac(["evidence", "show", job.key, "--html"]).text
        let moments = page.matches(of: />([^<]+) <tspan/).map { String($0.1) }
        let turns = [
            "job submitted, says the batch system", "job arrives", "image admitted", "machine prepared",
            "guest boots", "agent ready", "stopped by an operator", "runs again", "machine is being ended",
        ]
        #expect(moments.filter(turns.contains) == turns, "\(moments)")
        // By the guest's clock, which may lag a second.
        for note in ["payload begins, says the guest", "suspend", "resume", "quarantine: a look"] {
            #expect(moments.contains(note), "\(moments)")
        }
    }

    @Test("a start state is booted again, beside other jobs, and leaves nothing, also when its process dies")
    func replayed() async throws {
        let (job, _) = try await Submission("echo done").run()
        let path = try evidence(job).split(separator: "/").suffix(2).joined(separator: "/")
        let outcome = try await replay(path, until: "ready for job \(job.key)", signal: "TERM")
        #expect(outcome.succeeded, "\(outcome.errors)\(outcome.text)")
        #expect(outcome.text.contains("ready for job \(job.key)"), "\(outcome.text)")
        #expect(Leftovers.names(Cluster.places.replays).isEmpty)

        let killed = try await replay(path, until: "domain replay-\(job.key).0", signal: "KILL")
        #expect(killed.status != 0)
        #expect(try await Leftovers.domains().contains("replay-\(job.key).0"))
        try await Cluster.tick()
        #expect(try await !Leftovers.domains().contains("replay-\(job.key).0"))
        #expect(Leftovers.names(Cluster.places.replays).isEmpty)
    }

    /// Replays a start state until it has printed some words, and then sends it a signal.
    private func replay(_ path: String, until words: String, signal: String) async throws -> Outcome {
        let output = "/tmp/bivouac-test-replay-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: output) }
        let script = """
            "$1" evidence replay "$2" >"$3" 2>&1 &
            until grep -qF "$4" "$3" || ! kill -0 $!; do sleep 0.3; done
            kill -s "$5" $!
            wait $!
            status=$?
            cat "$3"
            exit $status
            """
        let tool = Cluster.directory + "/usr/sbin/bivouac"
        return try await Command.run(
            ["/bin/sh", "-c", script, "sh", tool, path, output, words, signal],
            environment: ["BIVOUAC_ROOT=" + Cluster.directory], seconds: 150)
    }

    @Test("a quarantined machine ends with its job; overlay, console and memory stay, on hold")
    func quarantined() async throws {
        let job = try await Submission("echo ready; sleep 600").submit()
        try await job.says("ready")
        _ = try await bivouac(["job", "quarantine", job.key, "--memory", "--reason", "odd traffic"])
        #expect(try await state(job) == "paused")
        let evidence = try evidence(job)
        let memory = try #require(try Files.status(evidence + "/memory.elf"))
        #expect(memory.mode == 0o600 && memory.uid == 0 && memory.size > 100 << 20)
        let dump = try FileDescriptor.open(evidence + "/memory.elf", .read)
        #expect(try dump.read(upTo: 4) == [0x7F] + Array("ELF".utf8))
        try await job.cancel()
        try await job.ended()
        #expect(try await Leftovers.of(job.key).isEmpty)
        let names = try Files.names(in: evidence)
        for name in ["overlay.qcow2", "console.log", "memory.elf", "end.json", "hold.json"] {
            #expect(names.contains(name))
        }
        let path = evidence.split(separator: "/").suffix(2).joined(separator: "/")
        let shown = try await bivouac(["evidence", "show", path])
        #expect(shown.text.contains("odd traffic"))
        let events = try await Command.require(
            ["/bin/grep", "-F", "\"\(job.key)\"", Cluster.places.auditLog]
        ).text
        #expect(events.contains("\"action\":\"quarantine\""))
        _ = try await bivouac(["evidence", "release", path])
    }
}

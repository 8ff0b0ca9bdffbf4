import Foundation
import GuestProtocol
import Job
import Site
import TestSupport
import Testing
import Unix

@Suite("Eight machines at once", .needsCluster, .alone)
struct EightTests {
    @Test("eight jobs at once on two cores all succeed, and the base image stays what it was")
    func eight() async throws {
        let images = try await BaseImages.now()
        #expect(!images.files.isEmpty)
        var jobs: [SlurmJob] = []
        for number in 1...8 {
            jobs.append(
                try await Submission(
                    "trap 'exit \(number)' USR1; echo ready; while :; do sleep 1; done", ["--time=15"]
                ).submit())
        }
        try await eventually("all eight run at the same time", within: 600, every: 200) {
            try jobs.allSatisfy { try $0.phase == "running" } ? true : nil
        }
        #expect(Host.machines().count == 8)
        var uids: Set<String> = []
        for machine in Host.machines() { uids.insert(Host.status(machine, "Uid") ?? "") }
        #expect(uids.count == 8)
        for job in jobs {
            try await job.says("ready")
            try await job.signal(["--batch", "--signal=USR1"])
        }
        for (number, job) in zip(1..., jobs) {
            let state = try await job.ended(within: 600)
            #expect(state.exitCode == number, "\(job.errors)")
            #expect(job.lines == ["ready"])
            #expect(job.errors == "")
        }
        #expect(try await BaseImages.now() == images)
    }
}

@Suite("A broken node is blamed, and no job for it", .needsCluster, .alone)
struct BrokenNodeTests {
    /// Runs a job while libvirt is out of order: the node drains, the job waits, nothing runs.
    private func expectDrained(_ marker: Marker, repair: () async throws -> Void) async throws {
        let job = try await Submission(marker.command, ["--requeue", "--time=10"]).submit()
        let reason: String
        do {
            reason = try await Node.drained(within: 600)
        } catch {
            try await repair()
            throw error
        }
        #expect(reason.contains("Prolog error"))
        try await eventually("the job waits again", within: 600) {
            try await job.state().word == "PENDING" ? true : nil
        }
        #expect(!marker.isOnHost)
        #expect(job.text == "")
        try await job.cancel()
        try await job.ended()
        try await repair()
        try await eventually("tick finds all in order", within: 600) {
            try await Cluster.tick().succeeded ? true : nil
        }
        try await Node.resume()
        let (next, state) = try await Submission("exit 5").run()
        #expect(state.exitCode == 5, "\(next.errors)")
    }

    @Test("libvirtd is not there: the node is drained and the job waits for a better one")
    func stopped() async throws {
        _ = try await Cluster.ready()
        let pid = try Host.daemon("libvirtd")
        kill(pid, SIGTERM)
        try await eventually("libvirtd ends", within: 600) { kill(pid, 0) != 0 ? true : nil }
        try await expectDrained(Marker("stopped")) { try await TestSite.startServices() }
    }

    @Test("libvirtd does not answer: the prologue does not hang, and the node is drained")
    func silent() async throws {
        _ = try await Cluster.ready()
        let pid = try Host.daemon("libvirtd")
        kill(pid, SIGSTOP)
        try await expectDrained(Marker("silent")) { kill(pid, SIGCONT) }
    }

    @Test("libvirtd is killed and started again while a job runs: the job goes on")
    func restarted() async throws {
        let job = try await Submission(
            "trap 'echo done; exit 4' USR1; echo ready; while :; do sleep 1; done"
        ).submit()
        try await job.says("ready")
        let pid = try Host.daemon("libvirtd")
        kill(pid, SIGKILL)
        try await eventually("libvirtd ends", within: 600) { kill(pid, 0) != 0 ? true : nil }
        try await TestSite.startServices()
        try await job.signal(["--batch", "--signal=USR1"])
        let state = try await job.ended()
        #expect(state.exitCode == 4, "\(job.errors)")
        #expect(job.lines == ["ready", "done"])
        #expect(try await Node.reason() == "")
    }
}

@Suite("A guest that does not do its part fails its job, not the node", .needsCluster, .alone)
struct BrokenGuestTests {
    private func expectRefused(_ name: Refusal.Name, _ submission: Submission) async throws {
        let (job, state) = try await submission.run()
        #expect(state.word == "FAILED")
        #expect(state.exitCode == 78)
        #expect(job.complaints.count == 1)
        #expect(job.complaints.first?.hasPrefix("bivouac: \(name.rawValue): ") == true, "\(job.errors)")
        #expect(job.text == "")
        #expect(try await Node.reason() == "")
    }

    @Test(
        "an image without contextualisation is never ready: GuestNotReady after boot_timeout, PrologueTimeout sooner"
    )
    func neverReady() async throws {
        _ = try await Cluster.ready()
        let list = TestList("mute")
        let work = "\(Cluster.directory)/image/work"
        let outcome = try await Cluster.example("image/build", "--without-context", "--work", work, list.file)
        guard outcome.succeeded else { throw CommandFailure(words: ["image/build"], outcome: outcome) }
        try await list.publish()
        let marker = Marker("mute")
        let submission = Submission(marker.command, [list.option], partition: "vmlists")
        try await TestSite.changing(Cluster.places.siteFile) {
            $0.replacingOccurrences(of: "boot_timeout = \"4m\"", with: "boot_timeout = \"12s\"")
        } during: {
            try await expectRefused(.GuestNotReady, submission)
        }
        try await TestSite.changing(Cluster.places.siteFile) {
            $0.replacingOccurrences(of: "boot_timeout = \"4m\"", with: "boot_timeout = \"12s\"")
                .replacingOccurrences(of: "prologue_timeout = \"8m\"", with: "prologue_timeout = \"12s\"")
        } during: {
            try await expectRefused(.PrologueTimeout, submission)
        }
        #expect(!marker.isOnHost)
    }

    @Test("an agent that talks nonsense on the control port is refused")
    func nonsenseBeforeReady() async throws {
        try await TestSite.changing(Cluster.programs + "/bivouac-guest") { _ in
            HostileAgent.script(control: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00], payload: [])
        } during: {
            try await expectRefused(.GuestNotReady, Submission("echo never"))
        }
    }

    @Test(
        "an agent that sends malformed frames to the launcher fails the job", arguments: HostileAgent.nonsense
    )
    func nonsense(bytes: HostileAgent.Nonsense) async throws {
        let marker = Marker("nonsense")
        try await TestSite.changing(Cluster.programs + "/bivouac-guest") { _ in
            HostileAgent.script(control: HostileAgent.ready, payload: bytes.bytes)
        } during: {
            let (job, state) = try await Submission(marker.command).run()
            #expect(state.word == "FAILED")
            #expect(state.exitCode != 0)
            #expect(job.complaints.count == 1)
            #expect(job.complaints.first?.hasPrefix("bivouac: ") == true, "\(job.errors)")
            #expect(try await Node.reason() == "")
        }
        #expect(!marker.isOnHost)
    }
}

@Suite("A live directory that somebody meddled with", .needsCluster, .alone)
struct MeddlingTests {
    /// What happens to the job's directory between its prologue and its launcher.
    struct Meddling: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// In the shell, `$job` is the directory.
        var command: String
    }

    static let kinds = [
        Meddling(testDescription: "the record is removed", command: "/bin/rm \"$job/record.json\""),
        Meddling(
            testDescription: "the record is cut short",
            command: "echo '{\"phase\":\"running\"' >\"$job/record.json\""),
        Meddling(
            testDescription: "the record belongs to somebody else",
            command: "/bin/chown nobody \"$job/record.json\""),
        Meddling(testDescription: "the payload socket is removed", command: "/bin/rm \"$job/payload.sock\""),
        Meddling(
            testDescription: "the payload socket is a file",
            command: "/bin/rm \"$job/payload.sock\"; echo >\"$job/payload.sock\""),
    ]

    @Test("a job without its record or its socket fails and does not run on the host", arguments: kinds)
    func meddled(kind: Meddling) async throws {
        let marker = Marker("meddled")
        let (job, state) = try await meddling(kind.command) { try await Submission(marker.command).run() }
        #expect(state.word == "FAILED")
        #expect(state.exitCode == 78)
        #expect(job.complaints.count == 1)
        #expect(job.complaints.first?.hasPrefix("bivouac: ") == true, "\(job.errors)")
        #expect(!marker.isOnHost)
        #expect(try await Node.reason() == "")
    }

    @Test("a job whose whole directory is gone fails, and tick removes its machine")
    func directoryRemoved() async throws {
        let marker = Marker("meddled")
        let (job, state) = try await meddling("/bin/rm -r \"$job\"") {
            let (job, state) = try await Submission(marker.command).run()
            try await eventually("tick has reaped the machine", within: 600, every: 1000) {
                try await Cluster.tick()
                return try await Leftovers.of(job.key).isEmpty ? true : nil
            }
            return (job, state)
        }
        #expect(state.exitCode == 78)
        #expect(job.complaints.count == 1)
        #expect(!marker.isOnHost)
    }

    /// Runs the body with a Prolog that calls the real one and then the command.
    private func meddling<Result>(_ command: String, _ body: () async throws -> Result) async throws -> Result
    {
        _ = try await Cluster.ready()
        let hook = Cluster.programs + "/slurm/prolog"
        let original = hook + ".bivouac-test"
        try copyProgram(hook, to: original)
        defer { try? FileManager.default.removeItem(atPath: original) }
        return try await TestSite.changing(hook) { _ in
            """
            #!/bin/sh
            \(original) || exit
            job=\(Cluster.places.jobs)/\(Cluster.cluster)-$SLURM_JOB_ID
            \(command)
            exit 0

            """
        } during: {
            try await body()
        }
    }
}

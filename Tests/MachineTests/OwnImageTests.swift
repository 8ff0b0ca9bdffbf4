import Evidence
import Foundation
import Job
import Site
import Testing
import Unix

@Suite("An image that knows nothing of Bivouac", .needsCluster, .boots)
struct OwnImageTests {
    @Test("starts the job by OpenNebula's rules: output, exit code, features, notice and an early end")
    func openNebula() async throws {
        let list = TestList("nebula")
        try await ImageVariant.publish(list, prolog: ImageVariant.openNebula, epilog: "exit 0")
        _ = try await GuestCheck.run(list, within: 600)
    }

    /// The demo's own contextualisation, but before that somebody listens on port 4321.
    private static func listening() throws -> String {
        let own = try TestSite.read(Cluster.sourceTree + "/examples/image/system/etc/init.d/vmcontext_prolog")
        return "nc -l -p 4321 </dev/null >/dev/null 2>&1 &\nsleep 0.5\n" + own
    }

    @Test("and in which somebody listens: told, or no payload starts, by the queue's rule")
    func listener() async throws {
        let list = TestList("listener")
        try await ImageVariant.publish(list, prolog: try Self.listening())
        let socket = "tcp6 port 4321 of uid 0"
        let (noted, end) = try await Submission("echo runs", [list.option], partition: "vmlists").run()
        #expect(end.exitCode == 0 && noted.text == "runs\n", "\(noted.errors)")
        let line = try TestSite.read(Cluster.places.auditLog).split(separator: "\n")
            .first { $0.contains("\"\(noted.key)\"") && $0.contains("\"event\":\"ready\"") }
        #expect(line?.contains("\"listening\":{\"untrusted\":\"\(socket)\"}") == true, "\(line ?? "")")
        let (job, state) = try await Submission("echo never", [list.option], partition: "vmquiet").run()
        #expect(state.exitCode == 69 && job.text.isEmpty)
        #expect(
            job.complaints == [
                "bivouac: the machine could not start the job: somebody listens in the machine, which its "
                    + "queue forbids: \(socket)"
            ])
    }

    /// Waits for its features as a service of an image may, and does what `then` says.
    private static func service(_ then: String) -> String {
        """
        context=/mnt/context
        [ "${1-}" = start ] && [ -f $context/epilog.sh ] && . $context/epilog.sh start
        (
            feature() { cat /etc/$1features/$2 2>/dev/null; }
            for word in "machine shutdown_command" "job shutdowntime_job"; do
                while [ -z "$(feature $word)" ]; do sleep 0.1; done
            done
            \(then)
        ) </dev/null >/dev/null 2>&1 &
        """
    }

    @Test("and brings the payload itself: nothing of the script runs, a notice reaches it, it ends the job")
    func ownPayload() async throws {
        let list = TestList("service")
        try await ImageVariant.publish(
            list,
            epilog: Self.service(
                """
                end=$(feature job shutdowntime_job)
                while [ $((end - $(date +%s))) -gt 65 ]; do
                    sleep 0.2
                    end=$(feature job shutdowntime_job)
                done
                $(feature machine shutdown_command) "600 job $(feature job job_id) ends at $end"
                """))
        let marker = Marker("service")
        // Only the notice brings its end within sight of the service.
        let options = [list.option, "--time=20"]
        let job = try await Submission(marker.command, options, partition: "vmown").submit()
        try await job.reaches("running")
        let before = Date()
        let outcome = try await Cluster.bivouac("job", "notify", job.key, "--in", "1m", "--reason", "drain")
        let notified = before...Date()
        #expect(outcome.succeeded, "\(outcome.errors)")
        let state = try await job.ended()
        #expect(state.exitCode == 1, "\(job.errors)")
        #expect(job.text.isEmpty && !marker.isOnHost)
        let words = try #require(job.complaints.last).split(separator: " ").map(String.init)
        #expect(words.contains("600") && words.contains("\(job.id)"), "\(job.errors)")
        let end = Date(timeIntervalSince1970: try #require(words.last.flatMap { TimeInterval($0) }))
        // To the second.
        let promised = notified.lowerBound.addingTimeInterval(59)...notified.upperBound.addingTimeInterval(61)
        #expect(promised.contains(end), "\(job.errors)")
    }
}

@Suite("An image's own payload that is told to end", .needsCluster, .waits)
struct OwnImageEndTests {
    @Test("has KillWait, then the power button and its queue's grace; each step is told")
    func ladder() async throws {
        let list = TestList("button")
        try await ImageVariant.publish(list)
        let job = try await Submission("echo never", [list.option], partition: "vmown").submit()
        try await job.reaches("running")
        // Its signals wait in a queue of their own by then.
        try await eventually("the launcher relays signals", within: 600) {
            let launcher = Host.processes().first {
                $0.words.first?.hasSuffix("/bivouac-run") == true
                    && $0.words.last?.hasSuffix("\(job.id)/slurm_script") == true
            }
            let blocked = launcher.flatMap { Host.status($0.pid, "SigBlk") }.flatMap { UInt64($0, radix: 16) }
            return (blocked ?? 0) & 1 << UInt64(SIGTERM - 1) != 0 ? true : nil
        }
        try await job.signal(["--full"])
        try await job.cancel()
        let state = try await job.ended()
        #expect(state.word == "CANCELLED" && job.text.isEmpty)
        #expect(
            job.complaints.filter { $0.hasPrefix("bivouac: ") }
                == ["bivouac: the job was told to end (TERM) and has 8 s left"], "\(job.errors)")
        let log = try TestSite.read(Cluster.places.auditLog).split(separator: "\n")
            .first { $0.contains("\"\(job.key)\"") && $0.contains("\"event\":\"end\"") }
        let line = try #require(log)
        #expect(line.contains("\"terminated\":{\"untrusted\":\"2"), "\(line)")
        #expect(line.contains("\"powerButton\":\"2"), "\(line)")
        // It obeyed, and what it had used was asked before.
        let days = try Files.names(in: Cluster.places.evidence)
        let path = try #require(
            days.map { "\(Cluster.places.evidence)/\($0)/\(job.key).0/end.json" }.first { Files.exists($0) })
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let end = try JSONDecoder().decode(EndState.self, from: data)
        #expect(end.phases?["off"] != nil)
        let usage = try #require(end.usage)
        #expect(usage.cpuSeconds > 0 && usage.memory.bytes > 0 && usage.readBytes > 0)
        #expect(line.contains("\"cpuSeconds\":\(usage.cpuSeconds),"), "\(line)")
    }
}

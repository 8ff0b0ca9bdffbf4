import Foundation
import Site
import Testing
import Unix

@Suite(
    "A job whose machine fails fails with one clear line, and never runs on the host", .needsCluster, .boots)
struct FailClosedTests {
    @Test("QEMU is killed mid-job: the job fails and says that its machine ended")
    func machineKilled() async throws {
        let marker = Marker("killed")
        defer { marker.remove() }
        let job = try await Submission("echo before; \(marker.command); sleep 600").submit()
        try await job.says("before")
        let machine = try #require(try await job.machine())
        kill(machine, SIGKILL)
        let state = try await job.ended()
        #expect(state.word == "FAILED")
        #expect(state.exitCode == 69)
        #expect(job.lines == ["before"])
        #expect(job.complaints.count == 1)
        #expect(job.complaints.first?.hasPrefix("bivouac: the machine") == true, "\(job.errors)")
        #expect(!marker.isOnHost)
        #expect(try await Node.reason() == "")
    }

    @Test("QEMU stops answering mid-job: the job fails and says so, and no node is blamed", .waits)
    func machineSilent() async throws {
        let job = try await Submission("echo before; sleep 600", ["--time=5"]).submit()
        try await job.says("before")
        let machine = try #require(try await job.machine())
        kill(machine, SIGSTOP)
        defer { kill(machine, SIGCONT) }
        let state = try await job.ended(within: 600)
        #expect(state.word == "FAILED")
        #expect(state.exitCode == 69)
        #expect(job.lines == ["before"])
        #expect(job.complaints == ["bivouac: the machine ended before the job did (silent for 30 s)"])
        #expect(try await Node.reason() == "")
    }

    @Test("srun --overlap from outside does not reach the host, and the job goes on")
    func overlap() async throws {
        let marker = Marker("overlap")
        let cluster = try await Cluster.ready()
        let job = try await Submission("echo ready; while [ ! -e /tmp/x ]; do sleep 1; done").submit()
        try await job.says("ready")
        let words = Command.words(
            ["/usr/bin/env"] + Cluster.slurmEnvironment
                + [
                    "/usr/bin/srun", "--jobid=\(job.id)", "--overlap", "--mem=0", "/bin/sh", "-c",
                    marker.command,
                ],
            as: cluster.user, directory: "/tmp")
        let outcome = try await Command.run(words)
        #expect(outcome.status != 0)
        #expect((outcome.text + outcome.errors).contains("bivouac: "), "\(outcome)")
        #expect(!marker.isOnHost)
        #expect(try await job.state().word == "RUNNING")
        #expect(try job.phase == "running")
        try await job.cancel()
        #expect(try await job.ended().word == "CANCELLED")
    }

    @Test("a job that waits cannot move between partitions of ours and others")
    func partitionChanged() async throws {
        let cluster = try await Cluster.ready()
        for (from, to) in [("normal", "vm"), ("vm", "normal")] {
            let job = try await Submission("true", ["--hold"], partition: from).submit()
            let words = Command.words(
                ["/usr/bin/env"] + Cluster.slurmEnvironment
                    + ["/usr/bin/scontrol", "update", "JobId=\(job.id)", "Partition=" + to], as: cluster.user)
            #expect(try await !Command.run(words).succeeded)
            try await job.cancel()
            try await job.ended()
        }
    }
}

@Suite("The launcher owes nothing to the user's environment", .needsCluster, .boots)
struct EnvironmentTests {
    @Test("LD_PRELOAD in the job's environment is loaded by nothing on the host")
    func preload() async throws {
        let marker = Marker("preload")
        defer { marker.remove() }
        let library = "/var/tmp/bivouac-test-\(UUID().uuidString).so"
        let source = library + ".c"
        defer { for file in [library, source] { try? FileManager.default.removeItem(atPath: file) } }
        try Files.write(
            """
            #include <fcntl.h>
            #include <unistd.h>
            __attribute__((constructor)) static void mark(void) { close(open("\(marker.path)", O_CREAT | O_WRONLY, 0666)); }

            """, to: source)
        let path = Unix.Process.environment("PATH") ?? "/usr/bin:/bin"
        try await Command.require(
            [
                "/usr/bin/env", "PATH=\(path):/opt/swift/usr/bin", "clang", "-shared", "-fPIC", "-o", library,
                source,
            ])
        try Files.changeMode(library, 0o755)
        let options = ["--export=ALL,LD_PRELOAD=" + library]
        let (job, state) = try await Submission("hostname", options).run()
        #expect(state.word == "COMPLETED", "\(job.errors)")
        #expect(job.text != "")
        #expect(!marker.isOnHost)
        // The library does what it is for, where a job runs on the host.
        try await Submission("true", options, partition: "normal").run()
        #expect(marker.isOnHost)
    }

    @Test("--export=NONE does not run the user's login files on the host")
    func loginFiles() async throws {
        let marker = Marker("profile")
        defer { marker.remove() }
        let user = try await Cluster.ready().stranger
        let profile = user.home + "/.profile"
        try Files.write(marker.command + "\n", to: profile, mode: 0o644)
        defer { try? FileManager.default.removeItem(atPath: profile) }
        var submission = Submission("hostname", ["--export=NONE"])
        submission.user = user
        let (job, state) = try await submission.run()
        #expect(state.word == "COMPLETED", "\(job.errors)")
        #expect(!marker.isOnHost)
        submission.partition = "normal"
        try await submission.run()
        #expect(marker.isOnHost)
    }

    @Test("BIVOUAC_ROOT and PATH in the job's environment change nothing")
    func root() async throws {
        var submission = Submission("cat /proc/sys/kernel/random/boot_id")
        submission.environment = [
            "BIVOUAC_ROOT=/var/tmp/bivouac-test-nowhere", "SLURM_JOB_PARTITION=normal", "TMPDIR=/nowhere",
        ]
        let (job, state) = try await submission.run()
        #expect(state.word == "COMPLETED", "\(job.errors)")
        #expect(job.lines.count == 1)
        #expect(job.text != (try TestSite.read("/proc/sys/kernel/random/boot_id")))
    }

    @Test("another user of the same group never gets through to a payload socket, whenever he tries")
    func payloadSocket() async throws {
        let cluster = try await Cluster.ready()
        #expect(cluster.sibling.gid == cluster.user.gid)
        let end = "/var/tmp/bivouac-test-end-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: end) }
        let program = #"""
            my ($jobs, $end) = @ARGV; my ($through, $denied, $early) = (0, 0, 0); my $last = time + 240;
            until (-e $end or time > $last) {
                for my $job (glob "$jobs/*") {
                    my $passable = -e "$job/record.json";
                    socket(my $socket, AF_UNIX, SOCK_STREAM, 0) or die;
                    if (connect($socket, pack_sockaddr_un("$job/payload.sock"))) { $through++ }
                    elsif ($!{EACCES} and $passable) { $denied++ } else { $early++ }
                }
                select(undef, undef, undef, 0.001);
            }
            print "$through $denied $early\n";
            """#
        let words = Command.words(
            [
                "/usr/bin/nice", "/usr/bin/perl", "-MSocket", "-MErrno", "-e", program, Cluster.places.jobs,
                end,
            ],
            as: cluster.sibling)
        async let intruder = Command.run(words, seconds: 300)
        var jobs: [SlurmJob] = []
        for _ in 0..<(Cluster.isLong ? 20 : 3) {
            jobs.append(try await Submission("sleep 2; exit 3").submit())
        }
        for job in jobs { #expect(try await job.ended().exitCode == 3, "\(job.errors)") }
        try Files.write("", to: end, mode: 0o644)
        let counts = try await intruder.line.split(separator: " ").compactMap { Int($0) }
        #expect(counts.count == 3)
        #expect(counts.first == 0)
        #expect(counts.dropFirst().allSatisfy { $0 > 0 })
    }
}

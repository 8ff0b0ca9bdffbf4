import Testing
import Unix

@Suite("What the scheduler does to a job reaches the payload", .needsCluster, .boots)
struct SignalTests {
    @Test("scancel ends a running job: the payload gets TERM, and what it wrote until then is kept")
    func cancel() async throws {
        let job = try await Submission(
            """
            trap 'echo terminated; exit 3' TERM
            echo before
            while :; do sleep 0.2; done
            """
        ).submit()
        try await job.says("before")
        try await job.signal(["--full"])
        try await job.cancel()
        let state = try await job.ended()
        #expect(state.word == "CANCELLED")
        #expect(job.lines == ["before", "terminated"])
    }

    @Test("a payload without a trap dies of scancel's TERM")
    func cancelUntrapped() async throws {
        let job = try await Submission("echo before; sleep 600; echo after").submit()
        try await job.says("before")
        try await job.cancel()
        let state = try await job.ended()
        #expect(state.word == "CANCELLED")
        #expect(state.signal == 15)
        #expect(job.lines == ["before"])
    }

    @Test("every signal that the launcher gets is seen by the payload's script")
    func everySignal() async throws {
        let signals = ["HUP", "INT", "QUIT", "USR1", "USR2", "TERM"]
        let traps = signals.map { "trap 'echo got \($0)' \($0)" }.joined(separator: "\n")
        let job = try await Submission(
            """
            \(traps)
            trap 'echo got CONT' CONT
            echo ready
            while [ ! -e /tmp/end ]; do sleep 0.2; done
            """
        ).submit()
        try await job.says("ready")
        for signal in signals {
            try await job.signal(["--batch", "--signal=" + signal])
            try await job.says("got " + signal, within: 600)
        }
        try await job.signal(["--batch", "--signal=CONT"])
        try await job.says("got CONT", within: 600)
        try await job.signal(["--batch", "--signal=KILL"])
        let state = try await job.ended()
        #expect(state.isOver)
        for signal in signals + ["CONT"] { #expect(job.lines.filter { $0 == "got " + signal }.count >= 1) }
        #expect(job.lines.filter { $0 == "got TERM" }.count == 1)
    }

    @Test("TSTP freezes the payload and CONT thaws it, while the machine keeps running")
    func freeze() async throws {
        let job = try await Submission(
            """
            echo ready
            i=0
            while :; do i=$((i + 1)); echo $i; sleep 0.1; done
            """
        ).submit()
        try await job.says("3\n")
        try await job.signal(["--batch", "--signal=TSTP"])
        try await job.standsStill(for: 3)
        #expect(try await Leftovers.domains().contains { $0.hasPrefix("bivouac-\(job.key).") })
        let frozen = job.lines.count
        try await job.signal(["--batch", "--signal=CONT"])
        try await eventually("the payload goes on", within: 600) { job.lines.count > frozen + 2 ? true : nil }
        try await job.cancel()
        #expect(try await job.ended().word == "CANCELLED")
    }

    @Test("scontrol suspend and resume: the payload sees the gap, the right time after it, and a later end")
    func suspend() async throws {
        let job = try await Submission(
            """
            first=$(cat $JOBFEATURES/shutdowntime_job)
            last=$(date +%s)
            echo ready
            while :; do
                now=$(date +%s)
                [ $((now - last)) -lt 4 ] || echo "gap $((now - last)) $now"
                last=$now
                end=$(cat $JOBFEATURES/shutdowntime_job)
                [ "$end" = "$first" ] || { echo "later $((end - first))"; exit 4; }
                echo on
                sleep 0.2
            done
            """
        ).submit()
        try await job.says("ready")
        try await job.control("suspend")
        try await eventually("it is suspended", within: 600) {
            try await job.state().word == "SUSPENDED" ? true : nil
        }
        try await job.standsStill(for: 6)
        let lines = job.lines.count
        let before = currentSeconds()
        try await job.control("resume")
        // A tick may have paused the machine; another one then lets it go on, and after that sets its clock.
        try await eventually("the payload sees the gap", within: 600) {
            job.lines.dropFirst(lines).contains { $0.hasPrefix("gap ") } ? true : nil
        }
        let now = currentSeconds()
        #expect(try await Cluster.tick().succeeded)
        let state = try await job.ended()
        #expect(state.exitCode == 4, "\(job.errors)")
        func numbers(_ word: String) -> [Int64] {
            let line = job.lines.dropFirst(lines).first { $0.hasPrefix(word + " ") } ?? ""
            return line.split(separator: " ").compactMap { Int64($0) }
        }
        #expect(numbers("gap").first ?? 0 >= 5)
        #expect((before - 1...now + 1).contains(numbers("gap").last ?? 0), "\(job.text)")
        #expect(numbers("later").first ?? 0 >= 4, "\(job.text)")
    }

    @Test("scancel of a suspended job ends it, and nothing of it runs before")
    func cancelSuspended() async throws {
        let job = try await Submission(
            """
            trap 'echo continued' CONT
            echo ready
            while :; do echo on; sleep 0.2; done
            """
        ).submit()
        try await job.says("on")
        try await job.control("suspend")
        try await job.standsStill(for: 3)
        let lines = job.lines
        try await job.cancel()
        #expect(try await job.ended().word == "CANCELLED")
        #expect(job.lines == lines && !lines.contains("continued"))
        #expect(try await Leftovers.of(job.key).isEmpty)
    }

    @Test("scancel during the prologue leaves nothing, and nothing ran")
    func cancelDuringPrologue() async throws {
        let marker = Marker("prologue")
        let job = try await Submission(marker.command).submit()
        try await job.reaches("starting", "booting")
        try await job.cancel()
        let state = try await job.ended()
        #expect(state.word == "CANCELLED")
        #expect(try await Leftovers.of(job.key).isEmpty)
        #expect(!marker.isOnHost)
        #expect(job.text == "")
    }
}

@Suite("What the scheduler does in its own time", .needsCluster, .waits)
struct SlowSignalTests {
    @Test("--signal=B:USR1@60 arrives before the time limit")
    func early() async throws {
        let job = try await Submission(
            """
            trap 'echo warned; exit 5' USR1
            echo ready
            while :; do sleep 0.5; done
            """, ["--time=3", "--signal=B:USR1@60"]
        ).submit()
        try await job.says("ready")
        let state = try await job.ended(within: 600)
        #expect(state.exitCode == 5)
        #expect(job.lines == ["ready", "warned"])
    }

    @Test("a job that passes its time limit gets TERM and ends as TIMEOUT, with its output")
    func timeLimit() async throws {
        let job = try await Submission(
            """
            trap 'echo over; exit 6' TERM
            echo ready
            while :; do sleep 0.5; done
            """, ["--time=1"]
        ).submit()
        let state = try await job.ended(within: 600)
        #expect(state.word == "TIMEOUT")
        #expect(job.lines == ["ready", "over"])
    }

    @Test("scontrol requeue runs the job again in a fresh machine")
    func requeue() async throws {
        // Once in a while Slurm 22.05 takes a job that begins again for one whose Prolog it has run.
        for isLast in [false, true] {
            let (job, state) = try await Self.requeued()
            if !isLast, job.errors.contains("has no machine on this node") {
                #expect(state.exitCode == 78 && job.lines.count == 1)
                continue
            }
            #expect(state.word == "COMPLETED", "\(job.errors)")
            let words = job.lines.map { $0.split(separator: " ").map(String.init) }
            #expect(words.map { $0[1] } == ["0", "1"])
            #expect(words[0][2] != words[1][2])
            #expect(words[0][3] == words[1][3])
            return
        }
    }

    private static func requeued() async throws -> (SlurmJob, JobState) {
        let job = try await Submission(
            """
            echo "start ${SLURM_RESTART_COUNT:-0} $(cat /proc/sys/kernel/random/boot_id) $(ls /var/tmp | wc -l)"
            echo trace >/var/tmp/trace
            [ "${SLURM_RESTART_COUNT:-0}" = 0 ] && sleep 600
            exit 0
            """, ["--requeue", "--time=10"]
        ).submit()
        try await job.says("start 0")
        try await job.control("requeue")
        try await eventually("it starts again", within: 600) {
            try await job.state().restarts == 1 ? true : nil
        }
        let state = try await eventually("it ends again", within: 600) {
            let state = try await job.state()
            return state.isOver ? state : nil
        }
        return (job, state)
    }
}

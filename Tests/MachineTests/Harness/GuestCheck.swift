import Foundation
import Testing

/// What every image gives a job, whatever of it starts our agent: output, exit code, features, notice and an
/// early end.
enum GuestCheck {
    private static let script = """
        trap 'echo warned' USR1
        trap 'exit 3' TERM
        id -un
        for key in total_cpu job_id grace_secs_job; do
            echo "$key $(cat $MACHINEFEATURES/$key $JOBFEATURES/$key 2>/dev/null)"
        done
        [ "$(cat $JOBFEATURES/scratch_limit_bytes)" -gt 1000000 ] && echo roomy
        (echo 0 >$JOBFEATURES/shutdowntime_job) 2>/dev/null || echo kept
        cut -d: -f1 /etc/passwd | tr '\\n' ' '; echo
        if [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || su -c true </dev/null 2>/dev/null; then echo root; fi
        first=$(cat $JOBFEATURES/shutdowntime_job)
        echo ready
        while [ "$(cat $JOBFEATURES/shutdowntime_job)" = "$first" ]; do sleep 0.5; done
        echo "told $(($(cat $JOBFEATURES/shutdowntime_job) - $(date +%s)))"
        while :; do
            case $(cat $MACHINEFEATURES/shutdown_command) in
            /*) $(cat $MACHINEFEATURES/shutdown_command) 200 all done ;;
            esac
            sleep 600
        done
        """

    /// Runs a job in the image of a list, to its end.
    static func run(_ list: TestList, _ options: [String] = [], within seconds: Int) async throws -> SlurmJob
    {
        let job = try await Submission(
            script, ["--time=15"] + options + [list.option + " notice_signal=USR1"], partition: "vmlists"
        ).submit()
        try await job.says("ready\n", within: seconds)
        let outcome = try await Cluster.bivouac("job", "notify", job.key, "--in", "2m", "--reason", "drain")
        #expect(outcome.succeeded, "\(outcome.errors)")
        let state = try await job.ended(within: seconds)
        #expect(state.exitCode == 3, "\(job.errors)")
        #expect(job.lines.first == Cluster.name)
        let lines = Set(job.lines)
        #expect(lines.isSuperset(of: ["total_cpu 1", "job_id \(job.id)", "grace_secs_job 8"]), "\(job.text)")
        #expect(lines.isSuperset(of: ["roomy", "kept", "warned"]) && !lines.contains("root"), "\(job.text)")
        let told = job.lines.first { $0.hasPrefix("told ") }.flatMap { Int($0.dropFirst(5)) }
        #expect((90...125).contains(told ?? 0), "\(job.text)")
        // A shell says of its own children how they ended.
        let said = job.complaints.filter { $0.hasPrefix("bivouac: ") }
        #expect(said.first?.hasPrefix("bivouac: the job must end by 2") == true, "\(job.errors)")
        #expect(
            said.dropFirst() == ["bivouac: the payload asks for the end of the job: 200 all done"],
            "\(job.errors)")
        return job
    }
}

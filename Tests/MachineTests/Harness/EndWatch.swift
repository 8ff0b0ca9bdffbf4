import Foundation

/// A payload that writes what it reads of its end, and its lines.
enum EndWatch {
    /// Writes what the payload reads of its end, whenever that changes.
    static let script = """
        trap 'echo warned' USR1
        trap 'echo "left $(($(cat $JOBFEATURES/shutdowntime_job) - $(date +%s)))"; exit 3' TERM
        echo "grace $(cat $JOBFEATURES/grace_secs_job)"
        last=
        while :; do
            now=$(cat $JOBFEATURES/shutdowntime_job)
            [ "$now" = "$last" ] || echo "end $now"
            last=$now
            sleep 0.2
        done
        """

    static func ends(_ job: SlurmJob) -> [Int64] {
        job.lines.filter { $0.hasPrefix("end ") }.compactMap { Int64($0.dropFirst(4)) }
    }

    /// Waits for the payload to have read another end, which is the one returned.
    static func nextEnd(_ job: SlurmJob, after count: Int) async throws -> Int64 {
        // The first one comes when the machine has booted.
        try await eventually("the payload reads its new end", within: count == 0 ? 120 : 30) {
            let ends = ends(job)
            return ends.count > count ? ends[count] : nil
        }
    }
}

package import GuestProtocol
package import Job
package import Site

/// Machine/Job Features (HSF-TN-2016-02) as far as the host knows them: machine is the virtual machine as the
/// payload sees it, job is the batch job.
///
/// A key that is not known is left out, never guessed; the agent adds what the machine alone knows.
package struct JobFeatures {
    let job: Job
    let grace: Int
    let hs06: Benchmark?

    /// `grace` in seconds; `hs06` is the power of one CPU.
    package init(job: Job, grace: Int, hs06: Benchmark?) {
        self.job = job
        self.grace = grace
        self.hs06 = hs06
    }

    package var machine: [Assignment.Feature] {
        features([
            ("total_cpu", "\(job.resources.cpus)"), ("grace_secs", "\(grace)"), ("hs06", power),
        ])
    }

    /// `memory` is the guest's, `start` the moment that it is made for the job.
    package func job(memory: ByteCount, start: Timestamp) -> [Assignment.Feature] {
        let wall = job.resources.end.map { max(0, $0 - start) }
        return features([
            ("allocated_cpu", "\(job.resources.cpus)"), ("hs06_job", power),
            ("job_id", job.key.job.description), ("jobstart_secs", "\(start.seconds)"),
            ("wall_limit_secs", wall.map { "\($0)" }),
            ("cpu_limit_secs", wall.map { "\($0 * Int64(job.resources.cpus))" }),
            ("max_rss_bytes", "\(memory.bytes)"),
            // A machine of ours is given nothing to swap to.
            ("max_swap_bytes", "0"), ("grace_secs_job", "\(grace)"),
            ("shutdowntime_job", job.resources.end.map { "\(Lifetime.shutdown($0).seconds)" }),
        ])
    }

    private var power: String? { hs06.map { ($0 * job.resources.cpus).description } }

    private func features(_ values: [(String, String?)]) -> [Assignment.Feature] {
        values.compactMap { key, value in value.flatMap { Assignment.Feature(key, $0) } }
    }
}

internal import GuestProtocol
internal import Job

/// Machine/Job Features (HSF-TN-2016-02) as far as the scheduler's grant says them: machine is the virtual
/// machine as the payload sees it, job is the batch job.
///
/// A key that is not known is left out, never guessed.
enum JobFeatures {
    static func machine(_ job: Job) -> [Assignment.Feature] {
        [Assignment.Feature("total_cpu", String(job.resources.cpus))].compactMap { $0 }
    }

    static func job(_ job: Job, memory: ByteCount, start: Timestamp) -> [Assignment.Feature] {
        var features: [(String, String)] = [
            ("allocated_cpu", String(job.resources.cpus)), ("job_id", job.key.job.description),
            ("jobstart_secs", String(start.seconds)), ("max_rss_bytes", String(memory.bytes)),
        ]
        if let end = job.resources.end {
            let wall = max(0, end - start)
            features.append(("wall_limit_secs", String(wall)))
            features.append(("cpu_limit_secs", String(wall * Int64(job.resources.cpus))))
            features.append(("shutdowntime_job", String(Lifetime.shutdown(end).seconds)))
        }
        return features.compactMap { Assignment.Feature($0.0, $0.1) }
    }
}

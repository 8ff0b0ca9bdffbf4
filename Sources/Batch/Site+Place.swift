internal import Job
internal import Site

extension Site {
    /// What a job is called on this node, and the settings of its queue.
    func place(of job: JobID, in queue: String?) throws(BatchError) -> (key: JobKey, settings: Queue) {
        guard let key = JobKey(cluster: cluster, job: job) else {
            throw BatchError(.site, "site.toml: cluster '\(cluster)' cannot be part of a job key")
        }
        guard let queue, let settings = queues[queue] else {
            throw BatchError(
                .site,
                "queue '\(queue ?? "")' has no [queue.\(queue ?? "NAME")] in site.toml, but the hooks call for it: "
                    + "run bivouac doctor --write-hooks")
        }
        return (key, settings)
    }
}

package import Job
package import Site

extension Site {
    /// Adds to a site without lists those that decide on a job: that of its image, and all of them only where
    /// several endorsers are wanted.
    ///
    /// What is wrong with the job is for `admit` to say.
    package mutating func addLists(for job: Job, from places: Places) {
        guard let queue = queues[job.queue], let name = try? ImageChoice.choose(for: job, in: queue) else {
            return
        }
        addLists([name.list], from: places)
        if let rule = lists[name.list], rule.threshold > 1 { addLists(from: places) }
    }
}

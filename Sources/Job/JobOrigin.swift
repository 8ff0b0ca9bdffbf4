/// Which batch system a job came from, for whoever has to ask it about the job later.
package struct JobOrigin: Hashable, Sendable, Codable {
    /// The batch system's name, as its hooks give it.
    package var scheduler: String
    /// What its commands need to find their server: the value of `SLURM_CONF`, a PBS server's name; nil where they
    /// know it themselves.
    package var server: String?

    package init(scheduler: String, server: String? = nil) {
        self.scheduler = scheduler
        self.server = server
    }
}

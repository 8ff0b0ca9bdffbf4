/// One batch job on this node, as the hooks of every batch system hand it over.
package struct Job: Sendable {
    package var key: JobKey
    /// Which start of this job it is, as far as the batch system counts them.
    package var attempt: Int?
    package var account: Account
    /// Slurm partition, Torque or PBS queue.
    package var queue: String
    /// Accounting project, empty when there is none.
    package var project: String
    package var nodes: Int
    package var resources: Resources
    /// When the batch system took it from its user, as it says itself; nil when it does not.
    package var submitted: Timestamp?
    /// The words of the job's comment or `-l other=`; written by the user.
    package var words: [String]
    /// Nil for a job that was made up.
    package var origin: JobOrigin?
    /// Where the job's script lies on the node, for a batch system that hands a shell the script's path.
    package var script: String?
    /// Why no machine can do what the job asked for, whatever its image.
    package var objection: Refusal?
    /// The working directory as the batch system names it: the user's text.
    package var directory: String?

    package init(
        key: JobKey, attempt: Int?, account: Account, queue: String, project: String, nodes: Int,
        resources: Resources, words: [String], origin: JobOrigin? = nil, script: String? = nil,
        directory: String? = nil
    ) {
        self.key = key
        self.attempt = attempt
        self.account = account
        self.queue = queue
        self.project = project
        self.nodes = nodes
        self.resources = resources
        self.words = words
        self.origin = origin
        self.script = script
        self.directory = directory
    }
}

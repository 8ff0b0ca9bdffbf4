/// A job that waits in one of our queues, as far as the choice of its image depends on it.
package struct WaitingJob: Hashable, Sendable {
    package var uid: UInt32
    /// All queues that the job may run in.
    package var queues: [String]
    package var nodes: Int
    package var project: String
    /// The words in which a job names its image; the user's text and hostile.
    package var words: [String]

    package init(uid: UInt32, queues: [String], nodes: Int, project: String, words: [String]) {
        self.uid = uid
        self.queues = queues
        self.nodes = nodes
        self.project = project
        self.words = words
    }
}

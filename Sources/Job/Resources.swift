/// What the scheduler granted a job on this node.
package struct Resources: Hashable, Sendable, Codable {
    package var cpus: Int
    package var memory: ByteCount
    /// The scheduler's end of the job; nil when it sets none.
    package var end: Timestamp?
    /// Seconds from the scheduler's TERM to its KILL; nil when it does not say.
    package var grace: Int?

    package init(cpus: Int, memory: ByteCount, end: Timestamp?, grace: Int? = nil) {
        self.cpus = cpus
        self.memory = memory
        self.end = end
        self.grace = grace
    }
}

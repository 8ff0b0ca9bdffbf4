/// What the scheduler granted a job on this node.
package struct Resources: Hashable, Sendable, Codable {
    package var cpus: Int
    package var memory: ByteCount
    /// The scheduler's end of the job; nil when it sets none.
    package var end: Timestamp?

    package init(cpus: Int, memory: ByteCount, end: Timestamp?) {
        self.cpus = cpus
        self.memory = memory
        self.end = end
    }
}

package import Job

/// How a machine ended and what it had used.
package struct EndState: Codable, Hashable, Sendable {
    /// What the host counted of the machine.
    package struct Usage: Codable, Hashable, Sendable {
        package var cpuSeconds: Int64
        package var memory: ByteCount
        package var readBytes: UInt64
        package var writtenBytes: UInt64
        package var receivedBytes: UInt64
        package var sentBytes: UInt64

        package init(
            cpuSeconds: Int64, memory: ByteCount, readBytes: UInt64, writtenBytes: UInt64,
            receivedBytes: UInt64,
            sentBytes: UInt64
        ) {
            self.cpuSeconds = cpuSeconds
            self.memory = memory
            self.readBytes = readBytes
            self.writtenBytes = writtenBytes
            self.receivedBytes = receivedBytes
            self.sentBytes = sentBytes
        }
    }

    /// The file's name in the directory.
    package static let file = "end.json"

    package var ended: Timestamp
    /// Who or what ended it, such as `epilogue` or `reaped`.
    package var cause: String
    /// Who wanted that: `batch system`, `bivouac`, or an operator.
    package var by: String?
    /// When each phase of the machine's life began, and other moments of it, as its record named them; what came
    /// twice has its last moment.
    package var phases: [String: Timestamp]?
    /// How the job ended, in the batch system's words; nil when that is not known.
    package var exit: String?
    /// The name of the refusal that ended it; nil when there was none.
    package var refusal: Refusal?
    /// When the payload began, by the guest's own and untrusted word; nil when it says nothing of that.
    package var payload: Timestamp?
    /// When the batch system's TERM came to the payload, by the guest's own and untrusted word; nil when it says
    /// nothing of that.
    package var terminated: Timestamp?
    /// Nil when no machine ran or libvirt did not know.
    package var usage: Usage?
    /// The files that were kept of the machine.
    package internal(set) var files: [FileDigest] = []

    package init(
        ended: Timestamp, cause: String, by: String? = nil, phases: [String: Timestamp]? = nil,
        exit: String?, refusal: Refusal?, payload: Timestamp? = nil, terminated: Timestamp? = nil,
        usage: Usage?
    ) {
        self.ended = ended
        self.cause = cause
        self.by = by
        self.phases = phases
        self.exit = exit
        self.refusal = refusal
        self.payload = payload
        self.terminated = terminated
        self.usage = usage
    }

    /// Whether it calls for the full end state where that is kept on failure: nobody said that the job ended well.
    package var isFailure: Bool { exit != "0:0" }
}

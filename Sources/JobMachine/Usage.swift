package import Job
internal import Libvirt

/// What a machine used, as the host counted it.
package struct Usage: Hashable, Sendable, Codable {
    package var cpuSeconds: Int64
    package var memory: ByteCount
    package var readBytes: UInt64
    package var writtenBytes: UInt64
    package var receivedBytes: UInt64
    package var sentBytes: UInt64

    init(_ statistics: DomainStatistics) {
        cpuSeconds = Int64(statistics.cpuTime / 1_000_000_000)
        memory = ByteCount(Int64(clamping: statistics.residentMemory))
        readBytes = statistics.blocks.reduce(0) { $0 &+ $1.readBytes }
        writtenBytes = statistics.blocks.reduce(0) { $0 &+ $1.writeBytes }
        receivedBytes = statistics.interfaces.reduce(0) { $0 &+ $1.receivedBytes }
        sentBytes = statistics.interfaces.reduce(0) { $0 &+ $1.sentBytes }
    }
}

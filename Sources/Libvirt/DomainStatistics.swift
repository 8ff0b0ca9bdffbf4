/// What a machine has used since it started.
package struct DomainStatistics: Hashable, Sendable, Codable {
    /// The traffic of one disk.
    package struct Block: Hashable, Sendable, Codable {
        /// The name in the guest, `vda`.
        package var name: String
        package var readRequests: UInt64
        package var readBytes: UInt64
        package var writeRequests: UInt64
        package var writeBytes: UInt64
        /// Bytes of the file that are in use on the host.
        package var allocatedBytes: UInt64
    }

    /// The traffic of one network interface, as the host counts it.
    package struct Interface: Hashable, Sendable, Codable {
        /// The name on the host.
        package var name: String
        package var receivedBytes: UInt64
        package var receivedPackets: UInt64
        package var sentBytes: UInt64
        package var sentPackets: UInt64
    }

    /// Time of the host's processors for guest and QEMU together, and its parts, in nanoseconds.
    package var cpuTime: UInt64
    package var cpuUser: UInt64
    package var cpuSystem: UInt64
    /// Memory of the guest, in bytes.
    package var memory: UInt64
    /// Resident memory of the process that runs it, in bytes.
    package var residentMemory: UInt64
    package var blocks: [Block]
    package var interfaces: [Interface]
}

extension DomainStatistics {
    /// A value under one of libvirt's names.
    enum Value {
        case number(UInt64)
        case text(String)
    }

    /// The most disks or interfaces that are read; a machine of ours has three disks.
    private static let limit: UInt64 = 64

    /// Picks what is wanted out of libvirt's names; what is missing counts as nothing.
    init(_ values: [String: Value]) {
        func number(_ name: String) -> UInt64 {
            guard case .number(let number) = values[name] else { return 0 }
            return number
        }
        func text(_ name: String) -> String {
            guard case .text(let text) = values[name] else { return "" }
            return text
        }
        cpuTime = number("cpu.time")
        cpuUser = number("cpu.user")
        cpuSystem = number("cpu.system")
        // libvirt counts memory in KiB.
        memory = number("balloon.current") << 10
        residentMemory = number("balloon.rss") << 10
        blocks = (0..<min(number("block.count"), Self.limit)).map { index in
            Block(
                name: text("block.\(index).name"), readRequests: number("block.\(index).rd.reqs"),
                readBytes: number("block.\(index).rd.bytes"),
                writeRequests: number("block.\(index).wr.reqs"),
                writeBytes: number("block.\(index).wr.bytes"),
                allocatedBytes: number("block.\(index).allocation"))
        }
        interfaces = (0..<min(number("net.count"), Self.limit)).map { index in
            Interface(
                name: text("net.\(index).name"), receivedBytes: number("net.\(index).rx.bytes"),
                receivedPackets: number("net.\(index).rx.pkts"), sentBytes: number("net.\(index).tx.bytes"),
                sentPackets: number("net.\(index).tx.pkts"))
        }
    }
}

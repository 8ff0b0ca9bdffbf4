internal import Unix

/// One disk with several volumes on it: as a whole it is the first one, and each of them is a partition.
///
/// ISO 9660 leaves the first 32 KiB of a volume alone (ECMA-119, section 6.2.1), so there is room for the
/// partition table of a PC, as on the installation media of most distributions. A disk for each volume would
/// cost every boot the time to look for it.
package enum ContextDisk {
    private static let sector: Int64 = 512
    /// A type that stands for no file system in particular ("Linux").
    private static let partitionType: UInt8 = 0x83

    /// Writes one to four volumes as a new file, which is the caller's to synchronize.
    package static func write(_ volumes: [Volume], newFile path: String, mode: UInt32) throws(ContextError) {
        guard (1...4).contains(volumes.count) else { throw .tooLarge("volumes", limit: 4) }
        let file = try ContextError.reading(path) { () throws(UnixError) in
            try FileDescriptor.open(path, [.readWrite, .create, .exclusive, .noFollow], mode: mode)
        }
        var ends: [Int64] = []
        for volume in volumes {
            try volume.write(to: file)
            ends.append(try ContextError.reading(path) { () throws(UnixError) in try file.status().size })
        }
        try ContextError.reading(path) { () throws(UnixError) in
            if volumes.count > 1 { try file.write(table(ends), at: 446) }
            try file.changeMode(mode)
        }
    }

    /// The four entries of a partition table and its signature, without the outdated cylinders.
    private static func table(_ ends: [Int64]) -> [UInt8] {
        var bytes: [UInt8] = []
        var start: Int64 = 0
        for end in ends {
            bytes += [0, 0xFE, 0xFF, 0xFF, partitionType, 0xFE, 0xFF, 0xFF]
            for number in [start / sector, (end - start) / sector] {
                bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * Int64($0))) }
            }
            start = end
        }
        return bytes + [UInt8](repeating: 0, count: 64 - bytes.count) + [0x55, 0xAA]
    }
}

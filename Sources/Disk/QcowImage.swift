internal import Compression
package import Unix

/// A disk in a qcow2 file, alone or over the disk that it changes; see docs/interop/qcow2.txt of QEMU.
///
/// What the file says of its backing file is not looked at: the base is the one that is handed over.
package final class QcowImage: DiskImage {
    package let size: UInt64
    private let file: RawImage
    private let base: (any DiskImage)?
    private let clusterBits: Int
    private let compression: UInt8
    private let l1: [UInt64]
    /// Second-level tables by their offset in the file.
    private var tables: [UInt64: Bytes] = [:]
    /// The compressed cluster that was read last, by its entry.
    private var unpacked: (entry: UInt64, bytes: [UInt8])?

    private static let offsetMask: UInt64 = 0x00FF_FFFF_FFFF_FE00
    private static let compressed: UInt64 = 1 << 62
    private static let tableLimit: UInt64 = 32 << 20
    private static let tablesKept = 256

    package init(_ descriptor: consuming FileDescriptor, over base: (any DiskImage)? = nil) throws(DiskError)
    {
        file = try RawImage(descriptor)
        let head = Bytes(try file.read(4096, at: 0))
        guard let header = QcowHeader(head.array), [2, 3].contains(header.version) else {
            throw .malformed("no qcow2 header of version 2 or 3")
        }
        guard (9...21).contains(header.clusterBits), header.virtualSize <= 1 << 46 else {
            throw .malformed(
                "a qcow2 disk of \(header.virtualSize) bytes in clusters of 2^\(header.clusterBits)")
        }
        guard header.encryption == 0 else { throw .unsupported("an encrypted qcow2 file") }
        let readable: QcowHeader.Incompatible = [.dirty, .corrupt, .compressionType]
        guard header.incompatible.isSubset(of: readable) else {
            throw .unsupported(
                "a qcow2 file with features \(String(header.incompatible.rawValue, radix: 16))")
        }
        size = header.virtualSize
        clusterBits = header.clusterBits
        compression = header.incompatible.contains(.compressionType) ? try head.little(UInt8.self, 104) : 0
        self.base = base
        let length = UInt64(header.l1Size) * 8
        let perEntry = QcowHeader.bytesPerL1Entry(clusterBits: clusterBits, extendedL2: false)
        guard length <= Self.tableLimit, UInt64(header.l1Size) >= (size + perEntry - 1) / perEntry,
            header.l1Offset <= file.size, length <= file.size - header.l1Offset
        else { throw .malformed("a first-level table outside of the qcow2 file") }
        let table = Bytes(try file.read(Int(length), at: header.l1Offset))
        var entries: [UInt64] = []
        for index in 0..<header.l1Size { entries.append(try table.big(index * 8) & Self.offsetMask) }
        l1 = entries
    }

    private var cluster: UInt64 { 1 << UInt64(clusterBits) }

    /// Exactly that many bytes, the base's where this file has none, zeros behind the end.
    package func read(_ count: Int, at offset: UInt64) throws(DiskError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let place = offset + UInt64(bytes.count)
            let within = place & (cluster - 1)
            let length = min(count - bytes.count, Int(cluster - within))
            bytes +=
                place < size ? try piece(length, at: place, within) : [UInt8](repeating: 0, count: length)
        }
        return bytes
    }

    /// Bytes of one cluster.
    private func piece(_ count: Int, at offset: UInt64, _ within: UInt64) throws(DiskError) -> [UInt8] {
        let entry = try entry(of: offset >> UInt64(clusterBits))
        if entry & Self.compressed != 0 {
            return try Bytes(unpack(entry)).part(Int(within), count).array
        }
        let place = entry & Self.offsetMask
        // Bit 0: reads as zeros, whatever the base has.
        if entry & 1 != 0 { return [UInt8](repeating: 0, count: count) }
        if place != 0 { return try file.read(count, at: place + within) }
        return try base?.read(count, at: offset) ?? [UInt8](repeating: 0, count: count)
    }

    /// The second-level entry of a cluster; 0 where the base speaks.
    private func entry(of index: UInt64) throws(DiskError) -> UInt64 {
        let perTable = cluster / 8
        guard index / perTable < UInt64(l1.count) else { return 0 }
        let place = l1[Int(index / perTable)]
        guard place != 0 else { return 0 }
        return try table(at: place).big(Int(index % perTable) * 8)
    }

    private func table(at place: UInt64) throws(DiskError) -> Bytes {
        if let table = tables[place] { return table }
        guard place < file.size else { throw .malformed("a second-level table outside of the qcow2 file") }
        if tables.count >= Self.tablesKept { tables = [:] }
        let table = Bytes(try file.read(Int(cluster), at: place))
        tables[place] = table
        return table
    }

    private func unpack(_ entry: UInt64) throws(DiskError) -> [UInt8] {
        if let unpacked, unpacked.entry == entry { return unpacked.bytes }
        guard compression == 0 else {
            throw .unsupported("compression of type \(compression) in a qcow2 file")
        }
        let bits = UInt64(62 - (clusterBits - 8))
        let place = entry & ((1 << bits) - 1)
        let sectors = (entry & ~(3 << 62)) >> bits
        let packed = try file.read(Int((sectors + 1) * 512 - (place & 511)), at: place)
        guard let bytes = Inflation.bytes(packed, .qcow2, count: Int(cluster)) else {
            throw DiskError.malformed("a compressed cluster that does not unpack")
        }
        unpacked = (entry, bytes)
        return bytes
    }

    /// Where this file speaks and not the base, in order: ranges of the disk in bytes.
    package func ownRanges() throws(DiskError) -> [Range<UInt64>] {
        var ranges: [Range<UInt64>] = []
        let perTable = cluster / 8
        for (first, place) in l1.enumerated() where place != 0 {
            let table = try table(at: place)
            for second in 0..<perTable where try table.big(UInt64.self, Int(second) * 8) & ~(1 << 63) != 0 {
                let start = (UInt64(first) * perTable + second) << UInt64(clusterBits)
                guard start < size else { break }
                let end = min(start + cluster, size)
                if let last = ranges.last, last.upperBound == start {
                    ranges[ranges.count - 1] = last.lowerBound..<end
                } else {
                    ranges.append(start..<end)
                }
            }
        }
        return ranges
    }
}

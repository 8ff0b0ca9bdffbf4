/// A part of a disk that may hold a file system.
package struct Partition: Hashable, Sendable {
    /// 0 where the whole disk is one file system, otherwise its number in the order of the table.
    package let number: Int
    /// First byte and length in bytes.
    package let start: UInt64
    package let size: UInt64
}

extension Partition {
    private static let sector: UInt64 = 512
    /// The most that are looked at.
    private static let limit = 128

    /// The partitions of a disk: those of a GUID partition table, or those of a master boot record, logical
    /// ones among them; the whole disk where there is no table.
    package static func all(of disk: any DiskImage) throws(DiskError) -> [Partition] {
        let whole = Partition(number: 0, start: 0, size: disk.size)
        let head = Bytes(try disk.read(4096, at: 0))
        // A boot sector ends like a partition table: an ext superblock behind it decides.
        if try head.little(UInt16.self, 1024 + 56) == 0xEF53, FileSystemKind.of(whole, on: disk) == .ext {
            return [whole]
        }
        guard head.has("EFI PART", at: 512) else { return try masterBootRecord(head, disk) ?? [whole] }
        return try guidTable(head, disk)
    }

    private static func guidTable(_ head: Bytes, _ disk: any DiskImage) throws(DiskError) -> [Partition] {
        let place: UInt64 = try head.little(512 + 72)
        let count = Int(try head.little(UInt32.self, 512 + 80))
        let length = Int(try head.little(UInt32.self, 512 + 84))
        guard (128...4096).contains(length), count <= 1024, place < disk.size / sector else {
            throw .malformed("a GUID partition table of \(count) entries at sector \(place)")
        }
        let table = Bytes(try disk.read(count * length, at: place * sector))
        var found: [Partition] = []
        for index in 0..<count where found.count < limit {
            let entry = try table.part(index * length, length)
            guard try !entry.part(0, 16).isZero else { continue }
            let first: UInt64 = try entry.little(32)
            let last: UInt64 = try entry.little(40)
            if let one = Partition(index + 1, first, last &- first &+ 1, disk) { found.append(one) }
        }
        return found
    }

    private static func masterBootRecord(_ head: Bytes, _ disk: any DiskImage) throws(DiskError)
        -> [Partition]?
    {
        guard try head.little(UInt16.self, 510) == 0xAA55 else { return nil }
        var found: [Partition] = []
        for index in 0..<4 {
            let entry = try Entry(head, index)
            if entry.isExtended {
                found += try logical(of: entry, disk)
            } else if entry.kind != 0, let one = Partition(index + 1, entry.start, entry.size, disk) {
                found.append(one)
            }
        }
        return found.isEmpty ? nil : found
    }

    /// The chain of records in an extended partition.
    private static func logical(of extended: Entry, _ disk: any DiskImage) throws(DiskError) -> [Partition] {
        var found: [Partition] = []
        var place = extended.start
        while found.count < limit, place < disk.size / sector {
            let record = Bytes(try disk.read(512, at: place * sector))
            guard try record.little(UInt16.self, 510) == 0xAA55 else { break }
            let entry = try Entry(record, 0)
            let next = try Entry(record, 1)
            if entry.kind != 0,
                let one = Partition(found.count + 5, place + entry.start, entry.size, disk)
            {
                found.append(one)
            }
            // Chains go up; anything else could go round.
            guard next.isExtended, extended.start + next.start > place else { break }
            place = extended.start + next.start
        }
        return found
    }

    private struct Entry {
        let kind: UInt8
        /// Sectors.
        let start: UInt64
        let size: UInt64

        var isExtended: Bool { [0x05, 0x0F, 0x85].contains(kind) }

        init(_ record: Bytes, _ index: Int) throws(DiskError) {
            let entry = try record.part(446 + index * 16, 16)
            kind = try entry.little(4)
            start = UInt64(try entry.little(UInt32.self, 8))
            size = UInt64(try entry.little(UInt32.self, 12))
        }
    }

    /// Nil for one that does not lie on the disk; one that reaches behind its end is cut.
    private init?(_ number: Int, _ start: UInt64, _ size: UInt64, _ disk: any DiskImage) {
        let sectors = disk.size / Self.sector
        guard start > 0, start < sectors, size > 0 else { return nil }
        self.init(number: number, start: start * Self.sector, size: min(size, sectors - start) * Self.sector)
    }
}

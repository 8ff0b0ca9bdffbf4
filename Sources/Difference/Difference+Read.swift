package import Disk
internal import Ext4

extension Difference {
    /// Compares an image with what a machine made of it.
    package static func between(_ base: any DiskImage, _ disk: QcowImage) throws(DiskError) -> Difference {
        let changed = try ChangedRanges(of: disk, from: base)
        let old = try Partition.all(of: base)
        var findings: [String] = []
        var now: [Partition]
        do throws(DiskError) {
            now = try Partition.all(of: disk)
        } catch {
            findings.append("the partition table cannot be read any more: \(error)")
            now = old
        }
        if Set(now) != Set(old) { findings.append("the partition table was changed") }
        var outside = changed.bytes(in: 0..<disk.size)
        var parts: [Part] = []
        let list = ChangeList()
        for partition in now {
            let range = partition.start..<(partition.start + partition.size)
            let bytes = changed.bytes(in: range)
            outside -= min(outside, bytes)
            let before = old.first { $0.start == partition.start }
            guard bytes > 0 || before == nil else { continue }
            parts.append(Self.part(partition, before, base, disk, changed, bytes, list))
            if let before, try Self.bootRecordDiffers(partition, before, base, disk) {
                findings.append("the boot record of \(parts[parts.count - 1].name) was changed")
            }
        }
        for partition in old where !now.contains(where: { $0.start == partition.start }) {
            findings.append("partition \(partition.number) at byte \(partition.start) is gone")
        }
        if outside > 0, now.first?.number != 0 {
            findings.append(
                "\(outside) bytes outside of all partitions were changed: boot loader, kernel or hidden data")
        }
        return Difference(parts: parts, findings: findings, outsideBytes: outside)
    }

    /// Whether what a file system leaves to a boot loader at its beginning is not what it was.
    private static func bootRecordDiffers(
        _ partition: Partition, _ before: Partition, _ base: any DiskImage, _ disk: QcowImage
    ) throws(DiskError) -> Bool {
        let length =
            switch FileSystemKind.of(partition, on: disk) {
            case .ext, .swap: 1024
            case .btrfs: 64 << 10
            default: 0
            }
        guard UInt64(length) <= min(partition.size, before.size) else { return false }
        return try base.read(length, at: partition.start) != disk.read(length, at: partition.start)
    }

    private static func part(
        _ partition: Partition, _ before: Partition?, _ base: any DiskImage, _ disk: QcowImage,
        _ changed: ChangedRanges, _ bytes: UInt64, _ list: ChangeList
    ) -> Part {
        let kind = FileSystemKind.of(partition, on: disk)
        let was = before.map { FileSystemKind.of($0, on: base) }
        var part = Part(
            name: partition.number == 0 ? "disk" : "partition \(partition.number)", start: partition.start,
            size: partition.size, kind: kind.rawValue, changedBytes: bytes)
        if let was, was != kind { part.unread.append("/: held \(was.rawValue) before") }
        guard kind == .ext || was == .ext else {
            switch kind {
            // What is swapped out is no file.
            case .swap: break
            case .luks, .lvm: part.unread.append("/: what is inside of \(kind.rawValue) is not read")
            default: part.isForeign = true
            }
            return part
        }
        func volume(_ partition: Partition?, _ disk: any DiskImage, _ kind: FileSystemKind?) -> Volume? {
            guard let partition, kind == .ext else { return nil }
            do throws(DiskError) {
                return try Volume(partition, on: disk)
            } catch {
                part.unread.append("/: \(error)")
                return nil
            }
        }
        let old = volume(before, base, was)
        guard let new = volume(partition, disk, kind) else { return part }
        return Comparison(base: old, new: new, changed: changed, part: part, list: list).run()
    }
}

/// What a partition holds, by its marks.
package enum FileSystemKind: String, Sendable, CaseIterable {
    /// ext2, ext3 or ext4.
    case ext
    case xfs, btrfs, swap, luks, lvm, vfat, ntfs, squashfs, iso9660, unknown

    /// The kind of what lies there; `unknown` also where it cannot be read.
    package static func of(_ partition: Partition, on disk: any DiskImage) -> FileSystemKind {
        func has(_ mark: [UInt8], _ offset: UInt64) -> Bool {
            offset + UInt64(mark.count) <= partition.size
                && (try? disk.read(mark.count, at: partition.start + offset)) == mark
        }
        func text(_ mark: String, _ offset: UInt64) -> Bool { has(Array(mark.utf8), offset) }
        if has([0x53, 0xEF], 1024 + 56) { return .ext }
        if text("XFSB", 0) { return .xfs }
        if text("_BHRfS_M", 0x10040) { return .btrfs }
        if text("SWAPSPACE2", 4086) { return .swap }
        if text("LUKS", 0) { return .luks }
        if text("LABELONE", 512) { return .lvm }
        if text("hsqs", 0) { return .squashfs }
        if text("CD001", 0x8001) { return .iso9660 }
        if text("NTFS    ", 3) { return .ntfs }
        if text("FAT", 54) || text("FAT32", 82) { return .vfat }
        return .unknown
    }
}

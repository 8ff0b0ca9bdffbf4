internal import Disk

/// What the superblock of an ext2, ext3 or ext4 file system says; see the kernel's
/// Documentation/filesystems/ext4.
struct Superblock {
    static let offset: UInt64 = 1024

    let inodes: UInt32
    let blocks: UInt64
    let firstDataBlock: UInt64
    let blockSize: Int
    let blocksPerGroup: UInt64
    let inodesPerGroup: UInt32
    let inodeSize: Int
    let descriptorSize: Int
    let firstMetaGroup: UInt64
    let journalInode: UInt32
    let lastOrphan: UInt32
    /// The file that lists inodes without a name; 0 for none.
    let orphanFile: UInt32
    let incompatible: Incompatible
    let isSparse: Bool

    /// Features without which the file system cannot be read.
    struct Incompatible: OptionSet {
        let rawValue: UInt32
        static let fileType = Incompatible(rawValue: 0x2)
        static let recover = Incompatible(rawValue: 0x4)
        static let metaGroups = Incompatible(rawValue: 0x10)
        static let extents = Incompatible(rawValue: 0x40)
        static let wide = Incompatible(rawValue: 0x80)
        static let multipleMount = Incompatible(rawValue: 0x100)
        static let flexibleGroups = Incompatible(rawValue: 0x200)
        static let attributeInodes = Incompatible(rawValue: 0x400)
        static let checksumSeed = Incompatible(rawValue: 0x2000)
        static let largeDirectories = Incompatible(rawValue: 0x4000)
        static let inlineData = Incompatible(rawValue: 0x8000)
        static let encryption = Incompatible(rawValue: 0x10000)
        static let caseFolding = Incompatible(rawValue: 0x20000)
        /// All that is read here.
        static let known: Incompatible = [
            .fileType, .recover, .metaGroups, .extents, .wide, .multipleMount, .flexibleGroups,
            .attributeInodes, .checksumSeed, .largeDirectories, .inlineData, .encryption, .caseFolding,
        ]
    }

    init(_ bytes: Bytes, size: UInt64) throws(DiskError) {
        guard try bytes.little(UInt16.self, 0x38) == 0xEF53 else { throw .malformed("no ext superblock") }
        incompatible = Incompatible(rawValue: try bytes.little(0x60))
        guard incompatible.isSubset(of: .known) else {
            throw .unsupported("ext4 with features \(String(incompatible.rawValue, radix: 16))")
        }
        let isWide = incompatible.contains(.wide)
        inodes = try bytes.little(0)
        blocks =
            UInt64(try bytes.little(UInt32.self, 4))
            | (isWide ? UInt64(try bytes.little(UInt32.self, 0x150)) << 32 : 0)
        firstDataBlock = UInt64(try bytes.little(UInt32.self, 0x14))
        let log: UInt32 = try bytes.little(0x18)
        guard log <= 6 else { throw .malformed("ext4 blocks of 2^\(log) KiB") }
        blockSize = 1024 << Int(log)
        blocksPerGroup = UInt64(try bytes.little(UInt32.self, 0x20))
        inodesPerGroup = try bytes.little(0x28)
        let revision: UInt32 = try bytes.little(0x4C)
        inodeSize = revision == 0 ? 128 : Int(try bytes.little(UInt16.self, 0x58))
        descriptorSize = isWide ? Int(try bytes.little(UInt16.self, 0xFE)) : 32
        firstMetaGroup = UInt64(try bytes.little(UInt32.self, 0x104))
        journalInode = try bytes.little(UInt32.self, 0x5C) & 4 != 0 ? try bytes.little(0xE0) : 0
        lastOrphan = try bytes.little(0xE8)
        orphanFile = try bytes.little(UInt32.self, 0x5C) & 0x1000 != 0 ? try bytes.little(0x280) : 0
        isSparse = try bytes.little(UInt32.self, 0x64) & 1 != 0
        guard blocksPerGroup > 0, blocksPerGroup <= UInt64(blockSize) * 8 * 16, inodesPerGroup > 0,
            inodeSize >= 128, inodeSize <= blockSize, inodeSize.nonzeroBitCount == 1, descriptorSize >= 32,
            descriptorSize <= 1024, descriptorSize.nonzeroBitCount == 1, blocks > firstDataBlock,
            blocks <= size / UInt64(blockSize),
            UInt64(inodes) <= groups * UInt64(inodesPerGroup)
        else { throw .malformed("an ext superblock that contradicts itself") }
    }

    var groups: UInt64 { (blocks - firstDataBlock + blocksPerGroup - 1) / blocksPerGroup }

    /// Where the descriptor of a group lies: block and offset in it.
    func descriptor(of group: UInt64) -> (block: UInt64, offset: Int) {
        let perBlock = UInt64(blockSize / descriptorSize)
        let index = group / perBlock
        let offset = Int(group % perBlock) * descriptorSize
        guard incompatible.contains(.metaGroups), index >= firstMetaGroup else {
            return (firstDataBlock + 1 + index, offset)
        }
        let first = index * perBlock
        return (firstDataBlock + first * blocksPerGroup + (hasCopy(first) ? 1 : 0), offset)
    }

    /// Whether the group begins with a copy of the superblock.
    private func hasCopy(_ group: UInt64) -> Bool {
        guard isSparse, group > 1 else { return true }
        return [UInt64(3), 5, 7].contains { base in
            var power = base
            while power < group { power *= base }
            return power == group
        }
    }
}

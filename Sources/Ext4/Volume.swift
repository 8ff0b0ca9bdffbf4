package import Disk

/// An ext2, ext3 or ext4 file system, read and never written; a journal that was not replayed is looked at as if
/// it had been.
///
/// It is read here and not by e2fsprogs because a guest may have made it to harm its reader: here every bound is
/// checked by the language, and no journal has to be written back before the last changes of a machine that was
/// ended at once can be seen.
package final class Volume {
    package let partition: Partition
    private let disk: any DiskImage
    private(set) var superblock: Superblock
    /// Blocks whose last state is in the journal.
    private(set) var replay = Replay()
    /// Pieces of the disk, by their number.
    private var pieces: [UInt64: Bytes] = [:]
    private var tables: [UInt64: UInt64] = [:]

    private static let pieceBits: UInt64 = 16
    private static let piecesKept = 1024
    /// The root directory.
    package static let root: UInt32 = 2

    package init(_ partition: Partition, on disk: any DiskImage) throws(DiskError) {
        self.partition = partition
        self.disk = disk
        let head = Bytes(try disk.read(1024, at: partition.start + Superblock.offset))
        superblock = try Superblock(head, size: partition.size)
        replay = try Replay(self)
        guard !replay.blocks.isEmpty else { return }
        // The journal may hold a newer superblock too, and where the tables lie.
        tables = [:]
        let offset = Int(Superblock.offset)
        let now = try Superblock(
            try block(UInt64(offset / blockSize)).part(offset % blockSize, 1024), size: partition.size)
        guard now.blockSize == blockSize else { throw .malformed("a journal with blocks of another size") }
        superblock = now
    }

    package var blockSize: Int { superblock.blockSize }

    /// How many blocks so many bytes fill.
    package func blocks(for size: UInt64) -> UInt64 {
        let length = UInt64(blockSize)
        return size / length + (size % length == 0 ? 0 : 1)
    }

    /// Blocks that the journal holds a newer state of.
    package var journalled: [UInt64] { replay.blocks.keys.sorted() }

    /// Which changes it may hold that are not read here.
    package var unread: [String] { replay.unread }

    /// Refuses a block behind the end of the partition.
    func checkLies(_ block: UInt64) throws(DiskError) {
        guard block < partition.size / UInt64(blockSize) else {
            throw .malformed("block \(block) in the journal of a partition of \(partition.size) bytes")
        }
    }

    func check(_ block: UInt64, _ count: UInt64) throws(DiskError) {
        guard block >= superblock.firstDataBlock, block < superblock.blocks,
            count <= superblock.blocks - block
        else { throw .malformed("block \(block) of a file system of \(superblock.blocks)") }
    }

    /// The bytes of one block.
    package func block(_ number: UInt64) throws(DiskError) -> Bytes {
        try check(number, 1)
        guard let copy = replay.blocks[number] else { return try stored(number) }
        let bytes = try stored(copy.place)
        guard copy.isEscaped else { return bytes }
        // The journal's own mark was taken out of the copy.
        return Bytes([0xC0, 0x3B, 0x39, 0x98] + (try bytes.from(4)).array)
    }

    /// The bytes of a block as they lie on the disk.
    func stored(_ number: UInt64) throws(DiskError) -> Bytes {
        try check(number, 1)
        let offset = number * UInt64(blockSize)
        let index = offset >> Self.pieceBits
        let length = 1 << Int(Self.pieceBits)
        if pieces[index] == nil {
            if pieces.count >= Self.piecesKept { pieces = [:] }
            pieces[index] = Bytes(try disk.read(length, at: partition.start + index << Self.pieceBits))
        }
        guard let piece = pieces[index] else { throw .malformed("block \(number)") }
        return try piece.part(Int(offset) & (length - 1), blockSize)
    }

    private func place(of number: UInt32) throws(DiskError) -> (block: UInt64, offset: Int) {
        guard number > 0, number <= superblock.inodes else { throw .malformed("inode \(number)") }
        let group = UInt64((number - 1) / superblock.inodesPerGroup)
        let offset = UInt64((number - 1) % superblock.inodesPerGroup) * UInt64(superblock.inodeSize)
        let size = UInt64(blockSize)
        return (try table(of: group) + offset / size, Int(offset % size))
    }

    private func table(of group: UInt64) throws(DiskError) -> UInt64 {
        if let table = tables[group] { return table }
        let place = superblock.descriptor(of: group)
        let descriptor = try block(place.block).part(place.offset, superblock.descriptorSize)
        var table = UInt64(try descriptor.little(UInt32.self, 8))
        if superblock.descriptorSize >= 64 { table |= UInt64(try descriptor.little(UInt32.self, 0x28)) << 32 }
        try check(table, 1)
        tables[group] = table
        return table
    }

    /// The inode of that number, whether it is in use or not.
    package func inode(_ number: UInt32) throws(DiskError) -> Inode {
        let place = try place(of: number)
        return try Inode(number, try block(place.block).part(place.offset, superblock.inodeSize))
    }

    /// What is in a file that stands for itself: a short link, or data in the inode; nil for all others.
    package func inlineContent(of inode: Inode) throws(DiskError) -> [UInt8]? {
        if inode.isShortLink { return try inode.map.part(0, Int(inode.size)).array }
        guard inode.flags.contains(.inlineData) else { return nil }
        let rest = try attributes(of: inode)["system.data"] ?? []
        let all = try inode.map.array + rest
        return Array(all.prefix(Int(clamping: inode.size)))
    }

    /// The first bytes of a file's content, at most `limit`.
    package func content(of inode: Inode, limit: Int) throws(DiskError) -> [UInt8] {
        if let bytes = try inlineContent(of: inode) { return Array(bytes.prefix(limit)) }
        let length = Int(min(UInt64(limit), inode.size))
        let map = try blocks(of: inode)
        var bytes: [UInt8] = []
        while bytes.count < length {
            let place = map.piece(at: UInt64(bytes.count / blockSize)).physical
            bytes +=
                try place.map { (place) throws(DiskError) in try block(place).array }
                ?? [UInt8](repeating: 0, count: blockSize)
        }
        return Array(bytes.prefix(length))
    }
}

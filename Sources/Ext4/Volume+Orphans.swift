package import Disk

extension Volume {
    /// The most that are counted.
    private static let orphanLimit = 1000

    /// How many inodes without a name were open when the machine ended, a thousand at most.
    package func orphans() throws(DiskError) -> Int {
        let listed = try listedOrphans().union(orphanFile())
        var count = 0
        // One that is being cut has its name still.
        for number in listed.prefix(Self.orphanLimit) where try inode(number).links == 0 { count += 1 }
        return count
    }

    /// The list that begins in the superblock and goes on in the inodes' times of deletion.
    private func listedOrphans() throws(DiskError) -> Set<UInt32> {
        var found: Set<UInt32> = []
        var next = superblock.lastOrphan
        while next != 0, found.count < Self.orphanLimit, found.insert(next).inserted {
            next = try inode(next).deleted
        }
        return found
    }

    /// The numbers in the file of orphans, where the file system has one; each of its blocks ends with a mark and
    /// a checksum.
    private func orphanFile() throws(DiskError) -> Set<UInt32> {
        guard superblock.orphanFile != 0 else { return [] }
        var found: Set<UInt32> = []
        for run in try blocks(of: try inode(superblock.orphanFile)).runs {
            for place in run.blocks {
                let block = try block(place)
                guard try block.little(UInt32.self, blockSize - 8) == 0x0B10_CA04 else {
                    throw .malformed("a file of orphans without its mark")
                }
                for offset in stride(from: 0, to: blockSize - 8, by: 4) {
                    let number: UInt32 = try block.little(offset)
                    if number != 0 { found.insert(number) }
                }
                if found.count >= Self.orphanLimit { return found }
            }
        }
        return found
    }
}

package import Disk

/// Where the blocks of a file lie, in the order of the file.
package struct BlockMap: Hashable, Sendable {
    /// Blocks that follow each other in the file and on the disk.
    package struct Run: Hashable, Sendable {
        /// First block in the file.
        package let logical: UInt64
        /// First block of the file system.
        package let physical: UInt64
        package var count: UInt64

        package var blocks: Range<UInt64> { physical..<(physical + count) }
    }

    package private(set) var runs: [Run] = []
    /// Blocks of the file system that hold the map itself.
    package private(set) var own: [UInt64] = []

    private static let limit = 1 << 20

    mutating func append(_ run: Run) throws(DiskError) {
        guard run.count > 0 else { return }
        if let last = runs.last {
            guard run.logical >= last.logical + last.count else {
                throw .malformed("a file whose blocks overlap")
            }
            if run.logical == last.logical + last.count, run.physical == last.physical + last.count {
                runs[runs.count - 1].count += run.count
                return
            }
        }
        guard runs.count < Self.limit else { throw .unsupported("a file in more than \(Self.limit) pieces") }
        runs.append(run)
    }

    mutating func note(_ block: UInt64) throws(DiskError) {
        guard own.count < Self.limit else { throw .unsupported("a file in more than \(Self.limit) pieces") }
        own.append(block)
    }

    /// From a block of the file on: where it lies, nil in a hole, and for how many blocks that goes on.
    package func piece(at logical: UInt64) -> (physical: UInt64?, count: UInt64) {
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].logical + runs[middle].count <= logical {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < runs.count else { return (nil, UInt64.max) }
        let run = runs[low]
        if run.logical > logical { return (nil, run.logical - logical) }
        return (run.physical + (logical - run.logical), run.count - (logical - run.logical))
    }
}

extension Volume {
    /// Where an inode's content lies; blocks that read as zeros though they are there are left out.
    package func blocks(of inode: Inode) throws(DiskError) -> BlockMap {
        var map = BlockMap()
        guard !inode.isShortLink, !inode.flags.contains(.inlineData),
            [.file, .directory, .link].contains(inode.kind)
        else { return map }
        if inode.flags.contains(.extents) {
            try extents(try inode.map, depth: nil, &map)
        } else {
            try pointers(try inode.map, of: inode, &map)
        }
        return map
    }

    /// A node of the tree of extents.
    private func extents(_ node: Bytes, depth: UInt16?, _ map: inout BlockMap) throws(DiskError) {
        let level: UInt16 = try node.little(6)
        guard try node.little(UInt16.self, 0) == 0xF30A, level <= 5, depth.map({ $0 == level }) ?? true else {
            throw .malformed("a tree of extents without its mark")
        }
        for index in 0..<Int(try node.little(UInt16.self, 2)) {
            let entry = try node.part(12 + index * 12, 12)
            let logical = UInt64(try entry.little(UInt32.self, 0))
            if level == 0 {
                let length = UInt64(try entry.little(UInt16.self, 4))
                let place =
                    UInt64(try entry.little(UInt32.self, 8)) | UInt64(try entry.little(UInt16.self, 6)) << 32
                // More than 32768: set aside, not yet written.
                guard length <= 32768 else { continue }
                try check(place, length)
                try map.append(.init(logical: logical, physical: place, count: length))
            } else {
                let place =
                    UInt64(try entry.little(UInt32.self, 4)) | UInt64(try entry.little(UInt16.self, 8)) << 32
                try map.note(place)
                try extents(try block(place), depth: level - 1, &map)
            }
        }
    }

    /// The map of ext2 and ext3: twelve blocks, then blocks of pointers, once, twice and thrice removed.
    private func pointers(_ root: Bytes, of inode: Inode, _ map: inout BlockMap) throws(DiskError) {
        let end = blocks(for: inode.size)
        var logical: UInt64 = 0
        for index in 0..<15 where logical < end {
            let place = UInt64(try root.little(UInt32.self, index * 4))
            try pointer(place, removed: max(0, index - 11), end, &logical, &map)
        }
    }

    private func pointer(
        _ place: UInt64, removed: Int, _ end: UInt64, _ logical: inout UInt64, _ map: inout BlockMap
    ) throws(DiskError) {
        let perBlock = UInt64(blockSize / 4)
        let span = (0..<removed).reduce(UInt64(1)) { span, _ in span * perBlock }
        guard place != 0 else {
            logical += span
            return
        }
        guard removed > 0 else {
            try check(place, 1)
            try map.append(.init(logical: logical, physical: place, count: 1))
            logical += 1
            return
        }
        try map.note(place)
        let block = try block(place)
        for index in 0..<Int(perBlock) where logical < end {
            try pointer(
                UInt64(try block.little(UInt32.self, index * 4)), removed: removed - 1, end, &logical, &map)
        }
    }
}

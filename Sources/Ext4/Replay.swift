internal import Disk

/// What replaying the journal would write, without writing it; see the kernel's
/// Documentation/filesystems/ext4, "Journal (jbd2)".
struct Replay {
    /// A block in the journal that stands for one of the file system.
    struct Copy {
        let place: UInt64
        /// Whether its first four bytes were the journal's mark and are zeros here.
        let isEscaped: Bool
    }

    /// By the block that it stands for.
    private(set) var blocks: [UInt64: Copy] = [:]
    /// Which changes it may hold that are not read here.
    private(set) var unread: [String] = []

    private static let mark: UInt32 = 0xC03B_3998

    init() {}

    /// The finished transactions of the file system's journal; none where it was put away in order.
    init(_ volume: Volume) throws(DiskError) {
        guard volume.superblock.incompatible.contains(.recover) else { return }
        let number = volume.superblock.journalInode
        guard number != 0 else {
            unread.append("what is in a journal on another disk")
            return
        }
        let map = try volume.blocks(of: try volume.inode(number))
        var log = try Log(volume, map)
        if log.hasFastCommits { unread.append("what is in the journal's fast commits") }
        guard log.start != 0 else { return }
        let transactions = try log.transactions()
        for transaction in transactions {
            for tag in transaction.tags {
                // Sequence numbers go round.
                let isRevoked =
                    log.revoked[tag.block].map { Int32(bitPattern: transaction.sequence &- $0) <= 0 } ?? false
                if !isRevoked { blocks[tag.block] = tag.copy }
            }
        }
    }
}

extension Replay {
    fileprivate struct Tag {
        let block: UInt64
        let copy: Copy
    }

    fileprivate struct Transaction {
        let sequence: UInt32
        var tags: [Tag] = []
    }

    /// The journal as a ring of blocks.
    fileprivate struct Log {
        private let volume: Volume
        private let map: BlockMap
        private let first: UInt64
        private let end: UInt64
        private let sequence: UInt32
        private let features: UInt32
        let start: UInt64
        /// Blocks whose copies count for nothing up to that transaction.
        private(set) var revoked: [UInt64: UInt32] = [:]

        private var isWide: Bool { features & 2 != 0 }
        private var hasTail: Bool { features & 0x18 != 0 }
        private var isThird: Bool { features & 0x10 != 0 }
        /// Bytes of a tag; the second form of checksums lengthens it by two, the third has a form of its own.
        private var tagLength: Int { isThird ? 16 : (isWide ? 12 : 8) + (hasTail ? 2 : 0) }
        var hasFastCommits: Bool { features & 0x20 != 0 }

        init(_ volume: Volume, _ map: BlockMap) throws(DiskError) {
            self.volume = volume
            self.map = map
            let head = try Self.block(0, volume, map)
            guard try head.big(UInt32.self, 0) == mark, try head.big(UInt32.self, 0xC) == volume.blockSize
            else { throw .malformed("a journal without its mark") }
            features = try head.big(UInt32.self, 4) == 4 ? try head.big(0x28) : 0
            guard features & ~0x3F == 0 else {
                throw .unsupported("a journal with features \(String(features, radix: 16))")
            }
            var length = UInt64(try head.big(UInt32.self, 0x10))
            if features & 0x20 != 0 {
                // Fast commits have the end of the journal, 256 blocks where it does not say how many.
                let fast = UInt64(try head.big(UInt32.self, 0x54))
                length -= min(length, fast == 0 ? 256 : fast)
            }
            end = length
            first = UInt64(try head.big(UInt32.self, 0x14))
            sequence = try head.big(0x18)
            start = UInt64(try head.big(UInt32.self, 0x1C))
            guard start == 0 || (first > 0 && first < end && (first..<end).contains(start)) else {
                throw .malformed("a journal that begins outside of itself")
            }
        }

        private static func block(_ logical: UInt64, _ volume: Volume, _ map: BlockMap) throws(DiskError)
            -> Bytes
        {
            guard let place = map.piece(at: logical).physical else {
                throw .malformed("a journal with a hole")
            }
            return try volume.stored(place)
        }

        private func place(_ logical: UInt64) throws(DiskError) -> UInt64 {
            guard let place = map.piece(at: logical).physical else {
                throw .malformed("a journal with a hole")
            }
            return place
        }

        private func after(_ block: UInt64) -> UInt64 { block + 1 >= end ? first : block + 1 }

        /// All finished transactions, in order; an unfinished one ends the log.
        mutating func transactions() throws(DiskError) -> [Transaction] {
            var finished: [Transaction] = []
            var current = Transaction(sequence: sequence)
            var revokes: [UInt64] = []
            var place = start
            // Once round at most.
            var steps = end - first
            while steps > 0 {
                let header = try Self.block(place, volume, map)
                guard try header.big(UInt32.self, 0) == mark,
                    try header.big(UInt32.self, 8) == current.sequence
                else { break }
                switch try header.big(UInt32.self, 4) {
                case 1:
                    for tag in try tags(header) {
                        place = after(place)
                        steps -= min(steps, 1)
                        let copy = Copy(place: try self.place(place), isEscaped: tag.isEscaped)
                        current.tags.append(Tag(block: tag.block, copy: copy))
                    }
                case 2:
                    finished.append(current)
                    for block in revokes { revoked[block] = current.sequence }
                    revokes = []
                    current = Transaction(sequence: current.sequence &+ 1)
                case 5: revokes += try revocations(in: header)
                default: return finished
                }
                place = after(place)
                steps -= min(steps, 1)
            }
            return finished
        }

        private func tags(_ descriptor: Bytes) throws(DiskError) -> [(block: UInt64, isEscaped: Bool)] {
            var found: [(block: UInt64, isEscaped: Bool)] = []
            let length = tagLength
            let end = descriptor.count - (hasTail ? 4 : 0)
            var offset = 12
            while offset + length <= end {
                let tag = try descriptor.part(offset, length)
                let flags: UInt32 = isThird ? try tag.big(4) : UInt32(try tag.big(UInt16.self, 6))
                var block = UInt64(try tag.big(UInt32.self, 0))
                if isWide { block |= UInt64(try tag.big(UInt32.self, 8)) << 32 }
                try volume.checkLies(block)
                found.append((block, flags & 1 != 0))
                // Bit 1: of the same file system as the one before, whose UUID is left out. Bit 3: the last.
                offset += length + (flags & 2 != 0 ? 0 : 16)
                if flags & 8 != 0 { break }
            }
            return found
        }

        private func revocations(in block: Bytes) throws(DiskError) -> [UInt64] {
            var found: [UInt64] = []
            let end = min(Int(try block.big(UInt32.self, 12)), block.count)
            var offset = 16
            let length = isWide ? 8 : 4
            while offset + length <= end {
                found.append(isWide ? try block.big(offset) : UInt64(try block.big(UInt32.self, offset)))
                offset += length
            }
            return found
        }
    }
}

internal import Disk
internal import Ext4

/// Two states of one ext file system, name by name; either may be missing.
///
/// What lies in blocks that are the same in both is the same: of most files only their place is read.
final class Comparison {
    let base: Volume?
    let new: Volume?
    let changed: ChangedRanges
    private(set) var part: Difference.Part
    private let list: ChangeList
    /// Blocks of which a journal holds a newer state, in order.
    private let journalled: [UInt64]
    private var directories: (base: Set<UInt32>, new: Set<UInt32>) = ([], [])
    private var names = 0

    private static let nameLimit = 8 << 20
    private static let pathLimit = 4096

    /// A directory in both states, or in one.
    private struct Step {
        let path: [UInt8]
        let base: Inode?
        let new: Inode?

        /// Whether others than root could fill it with names.
        var isOpen: Bool { [base, new].contains { $0.map { $0.uid != 0 || $0.mode & 0o022 != 0 } ?? false } }
    }

    init(
        base: Volume?, new: Volume?, changed: ChangedRanges, part: Difference.Part, list: ChangeList
    ) {
        self.list = list
        self.base = base
        self.new = new
        self.changed = changed
        self.part = part
        journalled = Set((base?.journalled ?? []) + (new?.journalled ?? [])).sorted()
    }

    /// All differences, in the order of their paths.
    func run() -> Difference.Part {
        let root = attempt([]) { () throws(DiskError) in
            Step(path: [], base: try base?.inode(Volume.root), new: try new?.inode(Volume.root))
        }
        var (steps, open): ([Step], [Step]) = ([], [])
        if let root, let next = compare([], root.base, root.new) { steps.append(next) }
        // First what is root's alone: no job can fill that with names until nothing else is looked at.
        while let step = steps.popLast() ?? open.popLast() {
            guard names < Self.nameLimit else {
                part.isCut = true
                break
            }
            for next in children(of: step) {
                if next.isOpen { open.append(next) } else { steps.append(next) }
            }
        }
        for volume in [base, new] {
            for what in volume?.unread ?? [] { fault([], what) }
        }
        part.unlinked = attempt([]) { () throws(DiskError) in try new?.orphans() ?? 0 } ?? 0
        part.changes.sort { $0.path < $1.path }
        return part
    }

    /// Compares what is in a directory; those of its directories that are to be looked into.
    private func children(of step: Step) -> [Step] {
        guard step.path.count < Self.pathLimit else {
            fault(step.path, "the path is longer than \(Self.pathLimit) bytes")
            return []
        }
        // A directory that is reached again is a loop.
        if let inode = step.base, !directories.base.insert(inode.number).inserted { return [] }
        if let inode = step.new, !directories.new.insert(inode.number).inserted {
            fault(step.path, "the directory has a second name")
            return []
        }
        guard let old = entries(of: step.base, in: base, step.path),
            let now = isUntouched(step) ? old : entries(of: step.new, in: new, step.path)
        else { return [] }
        names += old.count + now.count
        var steps: [Step] = []
        for name in Set(old.keys).union(now.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let path = step.path + [UInt8(ascii: "/")] + Self.last(name)
            if name.contains(UInt8(ascii: "/")) || name.contains(0) { fault(path, "a name that is none") }
            let pair = attempt(path) { () throws(DiskError) in
                (
                    base: try old[name].map { (number) throws(DiskError) in try base?.inode(number) } ?? nil,
                    new: try now[name].map { (number) throws(DiskError) in try new?.inode(number) } ?? nil
                )
            }
            if let pair, let next = compare(path, pair.base, pair.new) { steps.append(next) }
        }
        return steps
    }

    /// Whether a directory has the same names for certain.
    private func isUntouched(_ step: Step) -> Bool {
        guard let base, let old = step.base, let now = step.new, old.number == now.number,
            old.isSame(as: now), let map = try? base.blocks(of: old)
        else { return false }
        return !isTouched(map, old)
    }

    /// What is in a directory; nil where that cannot be read, which is noted: nothing of it is to pass for gone.
    private func entries(of directory: Inode?, in volume: Volume?, _ path: [UInt8]) -> [[UInt8]: UInt32]? {
        guard let directory, let volume else { return [:] }
        return attempt(path) { () throws(DiskError) in try volume.entries(of: directory) }
    }

    /// A name as the last part of a path: what would lead elsewhere stands there as U+FFFD.
    private static func last(_ name: [UInt8]) -> [UInt8] {
        name.flatMap { $0 == UInt8(ascii: "/") || $0 == 0 ? [0xEF, 0xBF, 0xBD] : [$0] }
    }

    /// Notes what is different of one name; the step into it where it is a directory.
    private func compare(_ path: [UInt8], _ old: Inode?, _ now: Inode?) -> Step? {
        switch (old, now) {
        case (nil, nil): return nil
        case (let old?, nil): note(path, .deleted, [], old, nil)
        case (nil, let now?): note(path, .added, [], nil, now)
        case (let old?, let now?):
            let aspects = attempt(path) { () throws(DiskError) in try compared(old, now) } ?? []
            // A directory's own time and length follow from what is in it.
            if !aspects.isEmpty, !(now.kind == .directory && aspects == [.time]) {
                note(path, .changed, aspects, old, now)
            }
        }
        let below = (old?.kind == .directory ? old : nil, now?.kind == .directory ? now : nil)
        return below.0 == nil && below.1 == nil ? nil : Step(path: path, base: below.0, new: below.1)
    }

    private func compared(_ old: Inode, _ now: Inode) throws(DiskError) -> [Change.Aspect] {
        guard let base, let new else { return [] }
        let isSame = old.number == now.number && old.isSame(as: now)
        if isSame {
            guard old.kind == .file || old.kind == .link || old.attributeBlockIsUsed else { return [] }
            let map = try base.blocks(of: old)
            let attributes = old.attributeBlockIsUsed && isTouched(old.attributeBlocks)
            if !attributes, !isTouched(map, old) { return [] }
        }
        var found: [Change.Aspect] = []
        if old.kind != now.kind { found.append(.type) }
        if old.mode != now.mode { found.append(.mode) }
        if old.uid != now.uid || old.gid != now.gid { found.append(.owner) }
        if old.isImmutable != now.isImmutable { found.append(.flags) }
        if old.kind == now.kind {
            if old.device != now.device { found.append(.device) }
            if old.kind == .file, try contentDiffers(old, now) { found.append(.content) }
            if old.kind == .link,
                try base.content(of: old, limit: 4096) != new.content(of: now, limit: 4096)
            {
                found.append(.target)
            }
        }
        var attributes = (try base.attributes(of: old), try new.attributes(of: now))
        // Where a small file keeps its content.
        attributes.0["system.data"] = nil
        attributes.1["system.data"] = nil
        if attributes.0 != attributes.1 { found.append(.attributes) }
        if found.isEmpty, old.modified != now.modified { found.append(.time) }
        return found
    }

    private func contentDiffers(_ old: Inode, _ now: Inode) throws(DiskError) -> Bool {
        guard let base, let new else { return true }
        guard old.size == now.size else { return true }
        let inline = (try base.inlineContent(of: old), try new.inlineContent(of: now))
        if inline.0 != nil || inline.1 != nil {
            let limit = 1 << 20
            return try base.content(of: old, limit: limit) != new.content(of: now, limit: limit)
        }
        let maps = (try base.blocks(of: old), try new.blocks(of: now))
        let end = new.blocks(for: old.size)
        guard base.blockSize == new.blockSize else { return true }
        var logical: UInt64 = 0
        while logical < end {
            let before = maps.0.piece(at: logical)
            let after = maps.1.piece(at: logical)
            let count = min(before.count, after.count, end - logical)
            if try differs(before.physical, after.physical, count) { return true }
            logical += count
        }
        return false
    }

    /// Compares as many blocks from two places; nil is a hole.
    private func differs(_ old: UInt64?, _ now: UInt64?, _ count: UInt64) throws(DiskError) -> Bool {
        guard let base, let new, old != nil || now != nil else { return false }
        if old == now, let now, !isTouched(now..<(now + count)) { return false }
        let zeros = Bytes([UInt8](repeating: 0, count: new.blockSize))
        for index in 0..<count {
            let before = try old.map { (old) throws(DiskError) in try base.block(old + index) } ?? zeros
            let after = try now.map { (now) throws(DiskError) in try new.block(now + index) } ?? zeros
            if before != after { return true }
        }
        return false
    }

    private func note(
        _ path: [UInt8], _ kind: Change.Kind, _ aspects: [Change.Aspect], _ old: Inode?, _ now: Inode?
    ) {
        let change = Change(
            path: path.isEmpty ? "/" : PrintableName.text(path), kind: kind, aspects: aspects,
            before: old.map { facts($0, base, path) }, after: now.map { facts($0, new, path) })
        list.add(change, to: &part)
    }

    private func facts(_ inode: Inode, _ volume: Volume?, _ path: [UInt8]) -> Change.Facts {
        let found = attempt(path) { () throws(DiskError) in
            (
                attributes: try volume?.attributes(of: inode).keys.filter { $0 != "system.data" },
                target: inode.kind == .link ? try volume?.content(of: inode, limit: 4096) : nil
            )
        }
        return Change.Facts(
            type: inode.kind.rawValue, mode: inode.mode, uid: inode.uid, gid: inode.gid, size: inode.size,
            modified: inode.modified, target: found?.target.map(Change.Facts.shown), device: inode.device,
            attributes: (found?.attributes ?? []).sorted().map { PrintableName.text($0) })
    }

    /// Runs a step that a damaged file system may make fail; the rest goes on.
    private func attempt<Result>(_ path: [UInt8], _ body: () throws(DiskError) -> Result) -> Result? {
        do throws(DiskError) {
            return try body()
        } catch {
            fault(path, "\(error)")
            return nil
        }
    }

    private func fault(_ path: [UInt8], _ why: String) {
        list.add(unread: "\(path.isEmpty ? "/" : PrintableName.text(path)): \(why)", to: &part)
    }
}

extension Comparison {
    /// Whether any of the blocks, or of those that the map itself is in, may be another one.
    private func isTouched(_ map: BlockMap, _ inode: Inode) -> Bool {
        map.runs.contains { isTouched($0.blocks) } || isTouched(map.own)
    }

    private func isTouched(_ blocks: [UInt64]) -> Bool { blocks.contains { isTouched($0..<($0 + 1)) } }

    private func isTouched(_ blocks: Range<UInt64>) -> Bool {
        // No disk is as large: what leads there is not to be relied on.
        guard let volume = new ?? base, blocks.upperBound < 1 << 44 else { return true }
        let size = UInt64(volume.blockSize)
        let start = volume.partition.start
        if changed.touch((start + blocks.lowerBound * size)..<(start + blocks.upperBound * size)) {
            return true
        }
        var low = 0
        var high = journalled.count
        while low < high {
            let middle = (low + high) / 2
            if journalled[middle] < blocks.lowerBound { low = middle + 1 } else { high = middle }
        }
        return low < journalled.count && journalled[low] < blocks.upperBound
    }
}

package import Unix

/// A file whatever its name.
package struct FileKey: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64

    package init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
    }
}

/// What a tree was like when it had come, to tell later what has changed: the moment of the last change of
/// each file, which nobody can set, see inode(7).
package struct KnownFiles: Sendable {
    private var changed: [FileKey: Int64] = [:]
    /// What came in each directory; empty unless names are kept.
    private var names: [FileKey: [FileName]] = [:]
    let keepsNames: Bool

    package init(keepsNames: Bool) { self.keepsNames = keepsNames }

    mutating func add(_ status: FileStatus) { changed[FileKey(status)] = status.changed }

    mutating func add(_ name: FileName, in directory: FileStatus?) {
        guard keepsNames, let directory else { return }
        names[FileKey(directory), default: []].append(name)
    }

    func isUnchanged(_ status: FileStatus) -> Bool { changed[FileKey(status)] == status.changed }

    /// What came in this directory and is not among these names.
    func gone(from directory: FileStatus, now: [FileName]) -> [FileName] {
        guard let names = names[FileKey(directory)] else { return [] }
        let present = Set(now)
        return names.filter { !present.contains($0) }
    }
}

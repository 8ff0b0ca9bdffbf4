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
    /// Where each directory lay.
    private var locations: [FileKey: Location] = [:]
    let keepsNames: Bool

    private struct Location: Equatable {
        let parent: FileKey
        let name: FileName
    }

    package init(keepsNames: Bool) { self.keepsNames = keepsNames }

    mutating func add(_ status: FileStatus) { changed[FileKey(status)] = status.changed }

    mutating func add(_ name: FileName, in directory: FileStatus?) {
        guard keepsNames, let directory else { return }
        names[FileKey(directory), default: []].append(name)
    }

    mutating func add(_ directory: FileStatus, at name: FileName, in parent: FileStatus) {
        locations[FileKey(directory)] = Location(parent: FileKey(parent), name: name)
    }

    /// Whether a directory lies where it lay; what is in one that was moved did not change by that.
    func isInPlace(_ directory: FileStatus, at name: FileName, in parent: FileStatus) -> Bool {
        locations[FileKey(directory)] == Location(parent: FileKey(parent), name: name)
    }

    func isUnchanged(_ status: FileStatus) -> Bool { changed[FileKey(status)] == status.changed }

    /// What came in this directory and is not among these names.
    func gone(from directory: FileStatus, now: [FileName]) -> [FileName] {
        guard let names = names[FileKey(directory)] else { return [] }
        let present = Set(now)
        return names.filter { !present.contains($0) }
    }
}

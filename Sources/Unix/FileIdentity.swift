/// What tells in constant time that a file is still the one that was looked at: any write, truncation, change
/// of owner or replacement changes it, see inode(7).
///
/// Who can write the file system's device or set the clock back can forge it; root alone can.
package struct FileIdentity: Hashable, Sendable, Codable {
    package let device: UInt64
    package let inode: UInt64
    /// Length in bytes.
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modified: Int64
    package let changed: Int64

    package init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modified = status.modified
        changed = status.changed
    }
}

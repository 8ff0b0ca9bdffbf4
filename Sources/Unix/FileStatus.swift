internal import CLinux

/// What stat(2) says of a file.
package struct FileStatus: Hashable, Sendable {
    /// What kind of file it is, see inode(7).
    package enum Kind: Hashable, Sendable { case regular, directory, link, socket, other }

    package let kind: Kind
    package let device: UInt64
    package let inode: UInt64
    /// Length in bytes.
    package let size: Int64
    /// Bytes that it takes on disk.
    package let allocated: Int64
    /// Permission bits, set-id and sticky bits.
    package let mode: UInt32
    package let uid: UInt32
    package let gid: UInt32
    package let links: Int
    /// Nanoseconds since 1970.
    package let modified: Int64
    package let changed: Int64

    init(_ status: stat) {
        kind =
            switch status.st_mode & 0o170000 {
            case 0o100000: .regular
            case 0o040000: .directory
            case 0o120000: .link
            case 0o140000: .socket
            default: .other
            }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        allocated = Int64(status.st_blocks) * 512
        mode = status.st_mode & 0o7777
        uid = status.st_uid
        gid = status.st_gid
        links = Int(status.st_nlink)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
}

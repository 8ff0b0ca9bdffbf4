/// The directory of one user's disk on this node.
package struct UserDiskDirectory: Hashable, Sendable {
    /// The directory itself.
    package let path: String

    /// The directory with this path.
    package init(path: String) { self.path = path }

    /// What the machine has as a disk: a file system of the user's, and root's file.
    package var disk: String { path + "/disk.raw" }

    /// The same while it is being made.
    package var newDisk: String { disk + ".new" }
}

internal import CLinux

/// Whose rights count for files, on this thread.
package enum FileSystemIdentity {
    /// Does something with the user's rights to files and no others, while the process stays root.
    ///
    /// The kernel takes the capabilities that overrule file permissions away for that time, see
    /// capabilities(7). Supplementary groups stay: `forgetGroups` is called before. The corresponding C
    /// functions are `setfsuid` and `setfsgid`.
    package static func with<Result: ~Copyable, Failure: Error>(
        _ identity: Identity, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let gid = linux_setfsgid(identity.gid)
        let uid = linux_setfsuid(identity.uid)
        defer {
            _ = linux_setfsuid(UInt32(bitPattern: uid))
            _ = linux_setfsgid(UInt32(bitPattern: gid))
        }
        // A call that changes nothing tells what is in force; root is refused nothing here.
        precondition(
            linux_setfsuid(.max) == Int32(bitPattern: identity.uid)
                && linux_setfsgid(.max) == Int32(bitPattern: identity.gid), "not the user's rights")
        return try body()
    }

    /// Leaves all supplementary groups.
    ///
    /// The corresponding C function is `setgroups`.
    package static func forgetGroups() throws(UnixError) {
        try checked("setgroups") { linux_setgroups(0, nil) }
    }
}

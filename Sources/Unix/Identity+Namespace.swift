internal import CLinux

extension Identity {
    /// Becomes this user for good, in a user namespace in which there is nobody else, and in a mount namespace of its
    /// own: with all capabilities there, which count for the user's own files and for no others.
    ///
    /// Group memberships end, since a namespace that a user made for herself keeps none. The namespace is made with
    /// the user's own rights, which a kernel may refuse; a program must not go on when this throws. See
    /// user_namespaces(7).
    package func enterNamespace() throws(UnixError) {
        guard uid != 0 else { throw UnixError("setresuid", EPERM, "uid 0") }
        try checked("setgroups") { unsafe linux_setgroups(0, []) }
        try checked("setresgid") { linux_setresgid(gid, gid, gid) }
        try checked("setresuid") { linux_setresuid(uid, uid, uid) }
        // The files below /proc/self belong to root since the change of the account.
        try checked("prctl", "PR_SET_DUMPABLE") { linux_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) }
        try checked("unshare", "a user namespace") { linux_unshare(CLONE_NEWUSER | CLONE_NEWNS) }
        for (file, content) in [
            ("setgroups", "deny"), ("uid_map", "\(uid) \(uid) 1"), ("gid_map", "\(gid) \(gid) 1"),
        ] {
            try FileDescriptor.open("/proc/self/\(file)", .write).write(content)
        }
        try checked("prctl", "PR_SET_NO_NEW_PRIVS") { linux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
    }

    /// Lets the next program that this process becomes have the capabilities that it has now.
    ///
    /// The corresponding C function is `prctl` with `PR_CAP_AMBIENT_RAISE`.
    package static func keepCapabilities() throws(UnixError) {
        try checked("capset") { linux_capset_inheritable() }
        var capability: UInt = 0
        while linux_prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0 {
            let number = capability
            try checked("prctl", "PR_CAP_AMBIENT_RAISE") {
                linux_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_RAISE), number, 0, 0)
            }
            capability += 1
        }
    }
}

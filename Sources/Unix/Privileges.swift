internal import CLinux

/// Whom a program becomes when it gives up being root.
package struct Identity: Hashable, Sendable {
    package var uid: UInt32
    package var gid: UInt32
    /// Supplementary groups.
    package var groups: [UInt32]

    package init(uid: UInt32, gid: UInt32, groups: [UInt32]) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
    }

    /// Becomes this user for good: bounding set and ambient capabilities gone, no_new_privs set, groups, then
    /// gid, then uid, no capability left; and checks that it is so.
    ///
    /// A program must not go on when this throws. See capabilities(7) and prctl(2).
    package func assume() throws(UnixError) {
        guard uid != 0 else { throw UnixError("setresuid", EPERM, "uid 0") }
        var capability: UInt = 0
        while linux_prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0 {
            let number = capability
            try checked("prctl", "PR_CAPBSET_DROP") { linux_prctl(PR_CAPBSET_DROP, number, 0, 0, 0) }
            capability += 1
        }
        // Kernels before 4.3 have no ambient capabilities to clear.
        _ = linux_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0)
        try checked("prctl", "PR_SET_SECUREBITS") {
            linux_prctl(PR_SET_SECUREBITS, UInt(linux_securebits), 0, 0, 0)
        }
        try checked("prctl", "PR_SET_NO_NEW_PRIVS") { linux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        try checked("setgroups") { unsafe linux_setgroups(groups.count, groups) }
        try checked("setresgid") { linux_setresgid(gid, gid, gid) }
        try checked("setresuid") { linux_setresuid(uid, uid, uid) }
        try checked("capset") { linux_capset_none() }
        try verify()
    }

    private func verify() throws(UnixError) {
        var real: UInt32 = 0
        var effective: UInt32 = 0
        var saved: UInt32 = 0
        try checked("getresuid") { unsafe linux_getresuid(&real, &effective, &saved) }
        guard real == uid, effective == uid, saved == uid else { throw UnixError("setresuid", EPERM) }
        try checked("getresgid") { unsafe linux_getresgid(&real, &effective, &saved) }
        guard real == gid, effective == gid, saved == gid else { throw UnixError("setresgid", EPERM) }
        guard linux_setresuid(0, 0, 0) == -1, linux_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 else {
            throw UnixError("setresuid", EPERM, "root could be had again")
        }
    }
}

internal import CLinux

extension Process {
    /// Sees no network from now on, not even the loopback device.
    ///
    /// The corresponding C function is `unshare` with `CLONE_NEWNET`.
    package static func leaveNetwork() throws(UnixError) {
        try checked("unshare") { linux_unshare(CLONE_NEWNET) }
    }

    /// Is killed when the process that started it dies; forgotten when this one changes its account.
    ///
    /// The corresponding C function is `prctl` with `PR_SET_PDEATHSIG`.
    package static func endWithParent() throws(UnixError) {
        try checked("prctl") { linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0) }
    }
}

internal import CLinux

/// Leave to ask the kernel for little, for good, see seccomp(2).
package enum SystemCallFilter {
    /// From now on this process can read what is open, write to what is open, have memory and end; anything
    /// else kills it at once.
    ///
    /// Descriptors that allow more than that are the caller's to close. With `accepting` it can also wait for
    /// connections to sockets that listen, and take them. The corresponding C function is `prctl` with
    /// `PR_SET_SECCOMP`.
    package static func readOnly(accepting: Bool = false) throws(UnixError) {
        let calls = calls + (accepting ? [SYS_poll, SYS_accept4] : [])
        var program = [
            statement(BPF_LD | BPF_W | BPF_ABS, 4),
            jump(architecture, ifEqual: 1, otherwise: 0),
            statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
            statement(BPF_LD | BPF_W | BPF_ABS, 0),
        ]
        for (index, call) in calls.enumerated() {
            // Over the rest of the calls and the killing.
            program.append(
                jump(UInt32(bitPattern: call), ifEqual: UInt8(calls.count - index), otherwise: 0))
        }
        program.append(statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS))
        program.append(statement(BPF_RET | BPF_K, UInt32(SECCOMP_RET_ALLOW)))
        try checked("prctl", "PR_SET_NO_NEW_PRIVS") { linux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }
        try checked("prctl", "PR_SET_SECCOMP") {
            unsafe program.withUnsafeMutableBufferPointer { buffer in
                var filter = unsafe sock_fprog(len: UInt16(buffer.count), filter: buffer.baseAddress)
                return unsafe linux_prctl_filter(&filter)
            }
        }
    }

    private static let calls: [Int32] = [
        SYS_read, SYS_pread64, SYS_write, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_close, SYS_mmap,
        SYS_munmap, SYS_mremap,
        SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex, SYS_getrandom, SYS_clock_gettime, SYS_sched_yield,
        SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_exit, SYS_exit_group,
    ]

    private static var architecture: UInt32 {
        #if arch(x86_64)
            0xC000_003E
        #elseif arch(arm64)
            0xC000_00B7
        #endif
    }

    private static func statement(_ code: Int32, _ value: UInt32) -> sock_filter {
        sock_filter(code: UInt16(code), jt: 0, jf: 0, k: value)
    }

    private static func jump(_ value: UInt32, ifEqual: UInt8, otherwise: UInt8) -> sock_filter {
        sock_filter(code: UInt16(BPF_JMP | BPF_JEQ | BPF_K), jt: ifEqual, jf: otherwise, k: value)
    }
}

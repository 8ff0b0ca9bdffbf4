internal import CLinux

/// A child process that goes on while its parent does other things; not waited for when the value ends.
package struct SpawnedProcess: ~Copyable {
    package let id: Int32
    /// Becomes readable when the process ends; nil where the kernel has no such descriptor (before 5.3), then
    /// `end` has to be asked now and then.
    private let watch: FileDescriptor?
    private var known: ProcessEnd?
    /// Microseconds of processor time, user and system, of the process and of the children it waited for; 0
    /// until its end is known.
    package private(set) var processorTime: Int64 = 0

    /// Starts a program as leader of a session of its own, with default signals, with exactly these
    /// descriptors from 0 on.
    ///
    /// The corresponding C function is `posix_spawn`.
    package static func start(
        _ path: String, _ arguments: [String], environment: [String], descriptors: [Int32]
    ) throws(UnixError) -> SpawnedProcess {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        var copies: [Int32] = []
        defer { copies.forEach { _ = close($0) } }
        try unsafe handDown(descriptors, from: 0, &actions, &copies)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var set = sigset_t()
        unsafe sigfillset(&set)
        unsafe posix_spawnattr_setsigdefault(&attributes, &set)
        unsafe sigemptyset(&set)
        unsafe posix_spawnattr_setsigmask(&attributes, &set)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | linux_posix_spawn_setsid
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        var pid: pid_t = 0
        let code = unsafe withCStrings(arguments) { argv in
            unsafe withCStrings(environment) { envp in
                unsafe posix_spawn(&pid, path, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else { throw UnixError("posix_spawn", code, path) }
        return SpawnedProcess(id: pid)
    }

    private init(id: Int32) {
        self.id = id
        let descriptor = linux_pidfd_open(id)
        watch = descriptor < 0 ? nil : FileDescriptor(owning: descriptor)
    }

    /// To be polled for `readable`; nil where there is no such thing.
    package var rawWatch: Int32? {
        switch watch {
        case .some(let watch): watch.rawValue
        case nil: nil
        }
    }

    /// How the process ended; nil while it runs.
    ///
    /// The corresponding C function is `wait4`.
    package mutating func end() -> ProcessEnd? {
        if let known { return known }
        var status: Int32 = 0
        var usage = rusage()
        guard unsafe linux_wait4(id, &status, WNOHANG, &usage) == id else { return nil }
        let seconds = Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        processorTime = seconds * 1_000_000 + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        known =
            linux_wifexited(status) != 0
            ? .exited(UInt8(truncatingIfNeeded: linux_wexitstatus(status)))
            : .killed(signal: UInt8(truncatingIfNeeded: linux_wtermsig(status)))
        return known
    }
}

/// How a process ended, see wait(2).
package enum ProcessEnd: Hashable, Sendable {
    case exited(UInt8)
    case killed(signal: UInt8)
}

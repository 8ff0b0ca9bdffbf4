internal import CLinux

/// Signals as numbers of signal(7), taken from a descriptor and never by a handler.
package struct SignalQueue: ~Copyable {
    private let descriptor: FileDescriptor

    /// From now on these signals wait here.
    ///
    /// The corresponding C function is `signalfd`.
    package init(_ signals: [Int32]) throws(UnixError) {
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        for signal in signals { unsafe sigaddset(&mask, signal) }
        try checked("sigprocmask") { unsafe sigprocmask(SIG_BLOCK, &mask, nil) }
        descriptor = FileDescriptor(
            owning: try checked("signalfd") { unsafe linux_signalfd(-1, &mask, O_CLOEXEC | O_NONBLOCK) })
    }

    /// To be polled for `readable`.
    package var rawValue: Int32 { descriptor.rawValue }

    /// The next signal that has come; nil when there is none.
    package func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = unsafe read(descriptor.rawValue, &info, size)
        return count == size ? Int32(info.ssi_signo) : nil
    }
}

/// What programs here do with signals; the numbers are those of every Linux architecture we run on.
package enum Signals {
    package static let hangUp = SIGHUP
    package static let interrupt = SIGINT
    package static let quit = SIGQUIT
    package static let kill = SIGKILL
    package static let user1 = SIGUSR1
    package static let user2 = SIGUSR2
    package static let terminate = SIGTERM
    package static let child = SIGCHLD
    package static let proceed = SIGCONT
    package static let stop = SIGSTOP
    package static let terminalStop = SIGTSTP
    package static let windowChange = SIGWINCH

    /// What a batch system sends to a job and a launcher passes on.
    package static let relayed = [hangUp, interrupt, quit, terminate, user1, user2, proceed, terminalStop]

    /// Ends this program as the signal would have ended it, without a core file; returns if the signal's
    /// default is to be ignored.
    ///
    /// The corresponding C function is `raise`.
    package static func die(by signal: Int32) {
        linux_default_signal(signal)
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, signal)
        _ = unsafe sigprocmask(SIG_UNBLOCK, &mask, nil)
        _ = Glibc_kill(getpid(), signal)
    }

    /// Sends a signal to one process; false when there is none.
    ///
    /// The corresponding C function is `kill`.
    @discardableResult
    package static func send(_ signal: Int32, to process: Int32) -> Bool {
        guard process > 1 else { return false }
        return Glibc_kill(process, signal) == 0
    }

    /// Sends a signal to every process of the group that this one leads; false when there is none.
    ///
    /// The corresponding C function is `kill`.
    @discardableResult
    package static func send(_ signal: Int32, toGroupOf process: Int32) -> Bool {
        guard process > 1 else { return false }
        return Glibc_kill(-process, signal) == 0
    }

    /// What a program inherits is as after its own start: posix_spawn(3) leaves the C library's two signals
    /// ignored.
    ///
    /// The corresponding C function is `rt_sigaction`.
    package static func restoreDefaults() {
        for signal: Int32 in [32, 33] { linux_default_signal_raw(signal) }
    }

    /// Writes to what nobody reads fail instead of ending the program.
    package static func ignoreBrokenPipes() { linux_ignore_signal(SIGPIPE) }
}

private func Glibc_kill(_ process: Int32, _ signal: Int32) -> Int32 { kill(process, signal) }

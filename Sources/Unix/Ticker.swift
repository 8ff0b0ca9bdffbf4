internal import CLinux

/// A clock that strikes at regular intervals, for loops that must not read the time at every turn.
package struct Ticker: ~Copyable {
    private let timer: FileDescriptor

    /// The corresponding C function is `timerfd_create`.
    package init(seconds: Int) throws(UnixError) {
        let timer = FileDescriptor(owning: try checked("timerfd_create") { linux_timerfd_create() })
        let raw = timer.rawValue
        try checked("timerfd_settime") { linux_timerfd_settime(raw, seconds) }
        self.timer = timer
    }

    /// To be polled for `readable`.
    package var rawValue: Int32 { timer.rawValue }

    /// Takes note of the strikes so far.
    package func clear() {
        var strikes: UInt64 = 0
        _ = unsafe read(timer.rawValue, &strikes, 8)
    }
}

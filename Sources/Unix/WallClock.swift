internal import CLinux

/// The system's clock.
package enum WallClock {
    /// Nanoseconds since 1970.
    ///
    /// The corresponding C function is `clock_gettime`.
    package static var nanoseconds: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Waits until the clock that file systems read has moved on: what changes from now on has a later moment
    /// than what changed before.
    ///
    /// The corresponding C function is `clock_gettime` with `CLOCK_REALTIME_COARSE`.
    package static func awaitTick() {
        var first = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME_COARSE, &first)
        var time = first
        while time.tv_sec == first.tv_sec, time.tv_nsec == first.tv_nsec {
            usleep(500)
            _ = unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        }
    }

    /// Sets the clock to that many nanoseconds since 1970.
    ///
    /// The corresponding C function is `clock_settime`.
    package static func set(nanoseconds: Int64) throws(UnixError) {
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        try checked("clock_settime") { unsafe clock_settime(CLOCK_REALTIME, &time) }
    }

    /// Whether something keeps the clock right, as the kernel was told by whoever does (NTP, PTP); nil where it
    /// does not say.
    ///
    /// The corresponding C function is `adjtimex`.
    package static var isKeptRight: Bool? {
        var state = timex()
        guard unsafe linux_adjtimex(&state) >= 0 else { return nil }
        return state.status & STA_UNSYNC == 0
    }
}

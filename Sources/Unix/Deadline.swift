internal import CLinux

/// A moment of the monotonic clock by which something has to be done.
package struct Deadline: Sendable {
    private let moment: Int64

    private init(moment: Int64) { self.moment = moment }

    /// That many seconds from now.
    package init(seconds: Int) { moment = Self.now + Int64(seconds) * 1000 }

    /// That many milliseconds from now.
    package init(milliseconds: Int) { moment = Self.now + Int64(milliseconds) }

    /// Whichever comes first.
    package func orSooner(seconds: Int) -> Deadline {
        Deadline(moment: min(moment, Self.now + Int64(seconds) * 1000))
    }

    /// What is left, at least 0; as poll(2) takes it.
    package var milliseconds: Int { Int(max(0, moment - Self.now)) }

    /// What is left in whole seconds, rounded up.
    package var seconds: Int { (milliseconds + 999) / 1000 }

    package var isOver: Bool { Self.now >= moment }

    /// Milliseconds of CLOCK_MONOTONIC, for durations.
    package static var now: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Waits that long at least.
    ///
    /// The corresponding C function is `usleep`.
    package static func sleep(milliseconds: Int) {
        _ = usleep(UInt32(milliseconds) * 1000)
    }
}

/// Seconds since 1970 by the system's clock; read by programs, never inside a rule.
package func currentSeconds() -> Int64 { Int64(time(nil)) }

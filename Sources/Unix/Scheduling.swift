internal import CLinux

/// How the kernel's scheduler treats this process and the children it has from now on, see sched(7).
package enum Scheduling {
    /// Lets others finish what they are at when this process wakes up.
    ///
    /// The corresponding C function is `sched_setscheduler` with `SCHED_BATCH`.
    package static func yieldToOthers() { _ = linux_sched_setscheduler(linux_sched_batch) }

    /// As every process begins.
    ///
    /// The corresponding C function is `sched_setscheduler` with `SCHED_OTHER`.
    package static func ordinary() { _ = linux_sched_setscheduler(linux_sched_other) }
}

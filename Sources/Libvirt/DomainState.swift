import CLibvirt

/// What a domain does, and why.
package struct DomainState: Hashable, Sendable {
    /// A `virDomainState` of libvirt.
    package struct Kind: RawRepresentable, Hashable, Sendable {
        /// The number in `libvirt/libvirt-domain.h`.
        package let rawValue: Int32

        /// Any number, known here or not.
        package init(rawValue: Int32) { self.rawValue = rawValue }

        private init(_ state: virDomainState) { rawValue = Int32(bitPattern: state.rawValue) }

        /// Its processors run.
        package static let running = Kind(VIR_DOMAIN_RUNNING)
        /// It waits for a resource of the host.
        package static let blocked = Kind(VIR_DOMAIN_BLOCKED)
        /// Its processors are stopped.
        package static let paused = Kind(VIR_DOMAIN_PAUSED)
        /// It is being shut down.
        package static let shutdown = Kind(VIR_DOMAIN_SHUTDOWN)
        /// It does not run.
        package static let shutoff = Kind(VIR_DOMAIN_SHUTOFF)
        /// It does not run since it crashed.
        package static let crashed = Kind(VIR_DOMAIN_CRASHED)
        /// The guest put itself to sleep.
        package static let asleep = Kind(VIR_DOMAIN_PMSUSPENDED)
    }

    /// What it does.
    package let kind: Kind
    /// Why, a number whose meaning depends on the kind (`virDomainPausedReason` and its kin).
    package let reason: Int32

    /// Whether there is a process behind the domain.
    package var isActive: Bool { kind != .shutoff && kind != .crashed }

    /// Whether QEMU stopped the processors because a disk could not be written, a full file system for one.
    package var isStoppedByDisk: Bool {
        kind == .paused && reason == Int32(bitPattern: VIR_DOMAIN_PAUSED_IOERROR.rawValue)
    }
}

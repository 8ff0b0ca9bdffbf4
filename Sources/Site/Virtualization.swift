/// What runs the machines.
package enum Virtualization: String, Hashable, Sendable, CaseIterable {
    /// KVM where it works, else QEMU's own translation, which is no security boundary.
    case auto
    case kvm
    case qemu
    case xen
}

import Glibc

/// What can be seen of KVM without running a guest, and what follows from it.
///
/// `/dev/kvm` may open and even make machines where a processor without the extension hangs the first guest;
/// so nothing here runs one, and nothing can hang.
package struct VirtualizationProbe: Hashable, Sendable {
    /// The last step of talking to `/dev/kvm` that worked.
    package enum Device: Hashable, Sendable {
        /// The device could not be opened: the number of the error.
        case closed(errno: Int32)
        /// It answered with this version of the interface; the only one that counts is 12.
        case version(Int32)
        /// It speaks version 12 and would not make a machine: the number of the error.
        case barren(errno: Int32)
        /// It made a machine.
        case fertile
    }

    /// What `/dev/kvm` did.
    package var device: Device
    /// Whether the processor has `vmx` or `svm`.
    package var hasExtension: Bool

    /// What has been seen.
    package init(device: Device, hasExtension: Bool) {
        self.device = device
        self.hasExtension = hasExtension
    }

    /// What runs machines here, and a line that says why.
    package var verdict: (kind: DomainDescription.Kind, reason: String) {
        switch device {
        case .closed(let errno):
            return (.qemu, "/dev/kvm cannot be opened: \(Self.text(errno))")
        case .version(let version):
            return (.qemu, "/dev/kvm speaks version \(version) of its interface, not 12")
        case .barren(let errno):
            return (.qemu, "/dev/kvm makes no machine: \(Self.text(errno))")
        case .fertile:
            return hasExtension
                ? (.kvm, "/dev/kvm makes machines and the processor has the extension for them")
                : (.qemu, "/dev/kvm is there, but /proc/cpuinfo shows neither vmx nor svm")
        }
    }

    private static func text(_ errno: Int32) -> String { unsafe String(cString: strerror(errno)) }
}

extension VirtualizationProbe {
    /// Looks at this node; as root, or it tells what we may do and not what the node can.
    package static func look() -> VirtualizationProbe {
        VirtualizationProbe(device: device("/dev/kvm"), hasExtension: hasExtension("/proc/cpuinfo"))
    }

    /// Asks a device for the version of KVM's interface and for a machine.
    static func device(_ path: String) -> Device {
        // <linux/kvm.h>: _IO(0xAE, 0x00) and _IO(0xAE, 0x01).
        let (getVersion, createMachine): (UInt, UInt) = (0xAE00, 0xAE01)
        let kvm = unsafe open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard kvm >= 0 else { return .closed(errno: errno) }
        defer { close(kvm) }
        let version = ioctl(kvm, getVersion, 0)
        guard version == 12 else { return .version(version) }
        let machine = ioctl(kvm, createMachine, 0)
        guard machine >= 0 else { return .barren(errno: errno) }
        close(machine)
        return .fertile
    }

    /// Whether a text like that of `/proc/cpuinfo` has `vmx` or `svm` among its flags.
    static func hasExtension(_ path: String) -> Bool {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // All processors have the same flags; those of the first stand in its first few thousand bytes.
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        var length = 0
        while length < bytes.count {
            let room = bytes.count - length
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe read(descriptor, $0.baseAddress?.advanced(by: length), room)
            }
            guard count > 0 else { break }
            length += count
        }
        return String(decoding: bytes[..<length], as: UTF8.self).split(separator: "\n")
            .first { $0.hasPrefix("flags") }
            .map { $0.split(separator: " ").contains { $0 == "vmx" || $0 == "svm" } } ?? false
    }
}

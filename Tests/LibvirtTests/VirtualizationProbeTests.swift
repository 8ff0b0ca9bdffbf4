import Foundation
@testable import Libvirt
import Testing

@Suite("What virtualisation works here")
struct VirtualizationProbeTests {
    static let table:
        [(device: VirtualizationProbe.Device, flag: Bool, kind: DomainDescription.Kind, reason: String)] = [
            (.closed(errno: ENOENT), true, .qemu, "/dev/kvm cannot be opened: No such file or directory"),
            (.closed(errno: EACCES), true, .qemu, "/dev/kvm cannot be opened: Permission denied"),
            (.version(-1), true, .qemu, "/dev/kvm speaks version -1 of its interface, not 12"),
            (.version(10), true, .qemu, "/dev/kvm speaks version 10 of its interface, not 12"),
            (.barren(errno: EBUSY), true, .qemu, "/dev/kvm makes no machine: Device or resource busy"),
            (.fertile, false, .qemu, "/dev/kvm is there, but /proc/cpuinfo shows neither vmx nor svm"),
            (.fertile, true, .kvm, "/dev/kvm makes machines and the processor has the extension for them"),
        ]

    @Test("is KVM only when the device, its machine and the processor say so", arguments: table)
    func verdict(
        _ row: (device: VirtualizationProbe.Device, flag: Bool, kind: DomainDescription.Kind, reason: String)
    ) {
        let verdict = VirtualizationProbe(device: row.device, hasExtension: row.flag).verdict
        #expect(verdict.kind == row.kind)
        #expect(verdict.reason == row.reason)
    }

    @Test("a device that is not KVM does not pass for it")
    func devices() {
        #expect(VirtualizationProbe.device("/dev/null") == .version(-1))
        #expect(VirtualizationProbe.device("/bivouac-test/kvm") == .closed(errno: ENOENT))
    }

    @Test(
        "the processor's flags are read as words",
        arguments: [
            ("processor : 0\nflags\t\t: fpu vmx sse\nflags\t\t: fpu\n", true),
            ("flags : fpu svm", true),
            ("flags : fpu avmx svm_lock\nbugs : vmx\n", false),
            ("vmx flags : fpu\n", false),
            ("", false),
        ])
    func flags(text: String, expected: Bool) throws {
        let path = NSTemporaryDirectory() + "bivouac-test-\(UUID().uuidString.prefix(8))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        #expect(VirtualizationProbe.hasExtension(path) == expected)
        #expect(!VirtualizationProbe.hasExtension(path + ".none"))
    }

    @Test("looking at this node ends with a verdict", .timeLimit(.minutes(15)))
    func look() {
        #expect(!VirtualizationProbe.look().verdict.reason.isEmpty)
    }
}

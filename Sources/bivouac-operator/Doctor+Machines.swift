import Job
import JobContext
import JobMachine
import Libvirt
import NameService
import Site
import Unix

// What runs machines, and how they are confined.
extension Doctor {
    var virtualization: Finding {
        do throws(MachineFault) {
            let verdict = try Hypervisor(site: site, places: places).choose()
            let isVirtual = Self.cpuFlags.contains("hypervisor")
            switch (verdict.kind, isVirtual) {
            case (.kvm, false): return .ok("Virtualization", "KVM: \(verdict.reason)")
            case (.kvm, true):
                return .warning(
                    "Virtualization",
                    "KVM, nested: this node is a virtual machine itself; its machines are slower")
            case (.qemu, _):
                return .warning(
                    "Virtualization",
                    "TCG, which is slow and no security boundary: \(verdict.reason)"
                        + (isVirtual
                            ? "; this node is a virtual machine, whose host must pass on vmx or svm" : ""))
            }
        } catch {
            return .failure("Virtualization", "\(error)")
        }
    }

    private static var cpuFlags: [Substring] {
        let text = (try? FileDescriptor.open("/proc/cpuinfo", [.read]).read(upTo: 16 << 10)) ?? []
        return String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("flags") }?
            .split(separator: " ") ?? []
    }

    var kvmAccess: Finding {
        Self.kvmAccess(
            try? Files.status("/dev/kvm"), machines: pool.compactMap { NameService.account(named: $0.name) },
            libvirt: ["libvirt-qemu", "qemu"].compactMap { NameService.account(named: $0) })
    }

    /// `device` is the status of `/dev/kvm`; the accounts are those that machines and libvirt use.
    static func kvmAccess(_ device: FileStatus?, machines: [Account], libvirt: [Account]) -> Finding {
        guard let device else { return .ok("KvmAccess", "there is no /dev/kvm to be opened") }
        let others = (machines + libvirt).filter { account in
            let mine: UInt32 =
                account.uid == device.uid
                ? 0o600 : account.groups.contains { $0.gid == device.gid } ? 0o060 : 0o006
            return device.mode & mine != mine
        }
        if let account = others.first {
            return .failure(
                "KvmAccess",
                "\(account.name) cannot open /dev/kvm"
                    + (others.count > 1 ? ", nor can \(others.count - 1) more accounts" : "")
                    + ": machines get no KVM, and libvirt 9.0 asks QEMU for its abilities at every start, 12 to 14 s: "
                    + "usermod -aG kvm \(account.name), or remove the device")
        }
        return machines.isEmpty
            ? .unknown("KvmAccess", "there are no accounts for machines to open /dev/kvm (see Accounts)")
            : .ok("KvmAccess", "/dev/kvm is open to machines")
    }

    /// The first whose descriptors QEMU takes.
    private static let oldest = Version(9_000_000)

    var libvirt: Finding {
        do throws(LibvirtError) {
            let connection = try Connection.open(site)
            let version = try connection.libraryVersion()
            let versions = "libvirt \(version), QEMU \(try connection.hypervisorVersion())"
            guard version >= Self.oldest else {
                return .failure("Libvirt", "\(versions): libvirt \(Self.oldest) or newer is needed")
            }
            return site.libvirt.hasPrefix("qemu")
                ? .ok("Libvirt", versions)
                : .failure("Libvirt", "\(site.libvirt) runs no machines: libvirt = \"qemu:///system\"")
        } catch {
            return .failure("Libvirt", "\(site.libvirt): \(error): is libvirtd running, and virtlogd?")
        }
    }

    var securityDriver: Finding {
        let model: String
        do throws(LibvirtError) {
            model = try Connection.open(site).securityModel()
        } catch {
            return .unknown("SecurityDriver", "\(error)")
        }
        let modules = Files.exists("/sys/fs/selinux/enforce") ? "selinux" : Self.appArmor
        return Self.securityDriver(model, kernel: modules)
    }

    private static var appArmor: String? {
        let text = try? FileDescriptor.open("/sys/module/apparmor/parameters/enabled", [.read]).read(upTo: 16)
        return text?.first == UInt8(ascii: "Y") ? "apparmor" : nil
    }

    /// `model` is what libvirt uses, `kernel` what it could use.
    static func securityDriver(_ model: String, kernel: String?) -> Finding {
        if ["apparmor", "selinux"].contains(model) { return .ok("SecurityDriver", model) }
        guard let kernel else {
            return .ok(
                "SecurityDriver",
                "neither SELinux nor AppArmor on this node: account and seccomp confine QEMU")
        }
        return .warning(
            "SecurityDriver",
            "libvirt does not use \(kernel), which this node has: security_driver in /etc/libvirt/qemu.conf")
    }

    /// What a machine of nobody's shows that runs for a moment.
    var machine: [Finding] {
        do throws(MachineFault) {
            return Self.findings(try Trial.run(ending, before: Deadline(seconds: 30)))
        } catch {
            // A node whose accounts are all in use shows by its jobs that machines run.
            return (try? LiveJob.keys(places))?.count ?? 0 >= pool.count && !pool.isEmpty
                ? [.unknown("Machine", "not tried: \(error)")]
                : [.failure("Machine", "none runs: \(error): see journalctl -u libvirtd, -u virtlogd")]
        }
    }

    static func findings(_ report: Trial.Report) -> [Finding] {
        [
            .ok("Machine", "a machine that is no job's said its line after \(milliseconds(report.start)) ms"),
            confinement(report),
            report.definition < .seconds(3)
                ? .ok("Definition", "libvirt took \(milliseconds(report.definition)) ms to define it")
                : .warning(
                    "Definition",
                    "libvirt took \(milliseconds(report.definition)) ms to define it: it asks QEMU for its abilities each time "
                        + "(see KvmAccess; a /dev/kvm that does not work has the same effect)"),
            report.writesConsole
                ? .failure(
                    "Console",
                    "QEMU writes consoles itself, without bounds: stdio_handler = \"logd\" in qemu.conf of libvirt"
                )
                : .ok("Console", "virtlogd writes consoles"),
            report.baseIsRoots
                ? .ok("BaseImage", "what a machine boots from stayed root's")
                : .failure(
                    "BaseImage",
                    "libvirt gave the base image away, which says relabel='no': jobs can change each other's"),
        ]
    }

    private static func milliseconds(_ time: Duration) -> Int { Int(time / .milliseconds(1)) }

    private static func confinement(_ report: Trial.Report) -> Finding {
        guard let process = report.process else {
            return .failure("Confinement", "its QEMU cannot be found in /proc")
        }
        guard process.uid == report.account else {
            return .failure(
                "Confinement",
                "QEMU runs as uid \(process.uid), not as the machine's account \(report.account)")
        }
        guard process.isFiltered else {
            return .failure(
                "Confinement", "QEMU runs without seccomp: seccomp_sandbox = 1 in qemu.conf of libvirt")
        }
        guard process.capabilities == 0, process.hasNoNewPrivileges else {
            return .failure(
                "Confinement",
                "QEMU has capabilities, or can get them: clear_emulator_capabilities = 1 in qemu.conf of libvirt"
            )
        }
        return .ok("Confinement", "QEMU had the machine's account, seccomp, no capabilities")
    }

    /// What machines see of the node needs programs, and the directories.
    func sharing(diskPrograms: [(path: String, package: String)] = UserDisk.programs) -> Finding {
        let queues = site.queues.values
        var parts: [String] = []
        if queues.contains(where: { $0.workdir == .virtiofs }) || !site.exports.isEmpty {
            guard let server = ShareServer.installed else {
                return .failure(
                    "Sharing", "virtiofsd is not there (qemu-system-common): jobs get UnsupportedSetting")
            }
            parts.append(server)
        }
        for export in site.exports where !Files.exists(export.path) {
            return .failure("Sharing", "\(export.path), which [exports] names, is not there")
        }
        if queues.contains(where: { $0.userDisk != nil }) {
            for (path, package) in diskPrograms where !Files.exists(path) {
                return .failure("Sharing", "\(path) is not there (\(package)): no user_disk can be made")
            }
            parts.append("user disks")
        }
        return .ok(
            "Sharing",
            parts.isEmpty ? "machines see nothing of this node's" : parts.joined(separator: ", "))
    }

    var agentVolume: Finding {
        do throws(ContextError) {
            let volume = try ToolsVolume.current(
                agent: programs.guest, in: places.tools, before: Deadline(seconds: 5))
            return .ok("AgentVolume", "\(volume.path)")
        } catch {
            return .failure("AgentVolume", "\(error)")
        }
    }
}

import Foundation
import Job
import JobMachine
import Site
import TestSupport
import Testing
import Unix

@testable import bivouac_operator

@Suite("What bivouac doctor makes of what it sees")
struct DoctorValueTests {
    private static let qemu = ProcessFacts(
        id: 1, uid: 990, capabilities: 0, hasNoNewPrivileges: true, isFiltered: true)

    private static func report(_ change: (inout Trial.Report) -> Void = { _ in }) -> Trial.Report {
        var report = Trial.Report()
        report.account = 990
        report.process = qemu
        report.baseIsRoots = true
        change(&report)
        return report
    }

    @Test("a machine that runs confined gives no warning")
    func good() {
        let findings = Doctor.findings(Self.report())
        #expect(findings.map(\.name) == ["Machine", "Confinement", "Definition", "Console", "BaseImage"])
        #expect(findings.allSatisfy { $0.verdict == .ok }, "\(findings)")
    }

    struct Flaw: Sendable, CustomTestStringConvertible {
        let name: String
        let verdict: Finding.Verdict
        let says: String
        let report: Trial.Report
        var testDescription: String { "\(name): \(says)" }
    }

    private static func process(
        uid: UInt32 = 990, capabilities: UInt64 = 0, hasNoNewPrivileges: Bool = true, isFiltered: Bool = true
    ) -> Trial.Report {
        report {
            $0.process = ProcessFacts(
                id: 1, uid: uid, capabilities: capabilities, hasNoNewPrivileges: hasNoNewPrivileges,
                isFiltered: isFiltered)
        }
    }

    static let flaws = [
        Flaw(name: "Confinement", verdict: .failure, says: "as uid 64055", report: process(uid: 64_055)),
        Flaw(name: "Confinement", verdict: .failure, says: "seccomp", report: process(isFiltered: false)),
        Flaw(name: "Confinement", verdict: .failure, says: "capabilities", report: process(capabilities: 1)),
        Flaw(
            name: "Confinement", verdict: .failure, says: "capabilities",
            report: process(hasNoNewPrivileges: false)),
        Flaw(name: "Confinement", verdict: .failure, says: "/proc", report: report { $0.process = nil }),
        Flaw(
            name: "Definition", verdict: .warning, says: "12500 ms",
            report: report { $0.definition = .milliseconds(12_500) }),
        Flaw(
            name: "Console", verdict: .failure, says: "stdio_handler",
            report: report { $0.writesConsole = true }),
        Flaw(
            name: "BaseImage", verdict: .failure, says: "relabel", report: report { $0.baseIsRoots = false }),
    ]

    @Test("a machine that is not confined as it has to be is found by name", arguments: flaws)
    func flaw(_ flaw: Flaw) throws {
        let findings = Doctor.findings(flaw.report).filter { $0.verdict != .ok }
        #expect(findings.map(\.name) == [flaw.name])
        #expect(findings.first?.verdict == flaw.verdict)
        #expect(findings.first?.message.contains(flaw.says) == true)
    }

    /// A file as /dev/kvm is: its mode and owner decide.
    private func device(_ mode: UInt32, uid: UInt32 = 0, gid: UInt32 = 0) throws -> FileStatus {
        let path = "/tmp/bivouac-test-" + UUID().uuidString
        try Files.write("", to: path, mode: mode)
        defer { _ = try? Files.remove(path) }
        try Files.changeOwner(path, uid: uid, gid: gid)
        return try #require(try Files.status(path))
    }

    @Test(
        "a /dev/kvm that libvirt's or a machine's account cannot open is told, and what it costs", .needsRoot)
    func kvmAccess() throws {
        func account(_ uid: UInt32, _ groups: UInt32...) -> Account {
            Account(
                name: "user\(uid)", uid: uid, gid: uid,
                groups: groups.map { Account.Group(name: "g\($0)", gid: $0) }, home: "/", shell: "/bin/sh")
        }
        let members = [account(990, 990, 109), account(991, 991, 109)]
        func ask(_ device: FileStatus?, _ machines: [Account], _ libvirt: [Account] = []) -> Finding {
            Doctor.kvmAccess(device, machines: machines, libvirt: libvirt)
        }
        #expect(ask(nil, members).verdict == .ok)
        #expect(ask(try device(0o660, gid: 109), members).verdict == .ok)
        #expect(ask(try device(0o666), [account(990, 990)]).verdict == .ok)
        #expect(ask(try device(0o660, gid: 109), [], members).verdict == .unknown)
        let strangers = [account(991, 991), account(992, 992)]
        for finding in [
            ask(try device(0o660, gid: 109), members + strangers),
            ask(try device(0o660, gid: 109), members, strangers),
            ask(try device(0o600, gid: 109), members), ask(try device(0o640, gid: 109), members),
            ask(try device(0o660, uid: 990, gid: 109), strangers),
        ] {
            #expect(finding.name == "KvmAccess" && finding.verdict == .failure)
            #expect(finding.message.contains("12 to 14 s") && finding.message.contains("1 more"))
        }
    }

    @Test("the exit status is that of the worst finding")
    func status() {
        let ok = Finding.ok("A", ""), unknown = Finding.unknown("B", "")
        let (warning, failure) = (Finding.warning("C", ""), Finding.failure("D", ""))
        #expect(Doctor.status(of: [ok, ok]) == 0)
        #expect(Doctor.status(of: [ok, warning]) == 75)
        #expect(Doctor.status(of: [unknown, ok]) == 75)
        #expect(Doctor.status(of: [ok, warning, failure, unknown]) == 69)
    }

    @Test("a queue whose users keep a disk needs what makes one")
    func userDisks() {
        func ask(_ program: String, _ size: ByteCount?) -> Finding {
            let queue = Queue(name: "vm", allow: [], userDisk: size)
            let doctor = Doctor(
                site: Site(cluster: "t", queues: ["vm": queue]), places: Places(root: "/none"),
                programs: Programs(directory: "/none"), now: Timestamp(seconds: 0))
            return doctor.sharing(diskPrograms: [(program, "e2fsprogs")])
        }
        #expect(ask("/none", .mebibytes(16)).verdict == .failure)
        #expect(ask("/none", .mebibytes(16)).message.contains("e2fsprogs"))
        #expect(ask("/bin/sh", .mebibytes(16)).verdict == .ok)
        #expect(ask("/none", nil).verdict == .ok)
    }

    @Test("a libvirt that does not use the node's SELinux or AppArmor is warned of, where there is one")
    func securityDriver() {
        #expect(Doctor.securityDriver("apparmor", kernel: "apparmor").verdict == .ok)
        #expect(Doctor.securityDriver("selinux", kernel: nil).verdict == .ok)
        #expect(Doctor.securityDriver("none", kernel: nil).verdict == .ok)
        for (model, kernel) in [("none", "apparmor"), ("dac", "selinux"), ("", "apparmor")] {
            let finding = Doctor.securityDriver(model, kernel: kernel)
            #expect(finding.name == "SecurityDriver" && finding.verdict == .warning)
            #expect(finding.message.contains(kernel))
        }
    }

    @Test("job_submit.lua is at work when it turns away a job that it must turn away")
    func submission() {
        let refused = "sbatch: error: bivouac: a job in partition \"vm\" is one virtual machine\n"
        #expect(Doctor.submission("vm", said: refused).verdict == .ok)
        for said in ["sbatch: Job 1 to start at 2026-11-21", "", "sbatch: error: no nodes"] {
            let finding = Doctor.submission("vm", said: said)
            #expect(finding.name == "JobSubmit" && finding.verdict == .failure)
        }
    }

    @Test("a program is static when it asks for no loader")
    func isStatic() throws {
        #expect(Doctor.isStatic(Built.launcher))
        #expect(!Doctor.isStatic(Built.bivouac))
        #expect(!Doctor.isStatic("/bin/sh") && !Doctor.isStatic("/etc/passwd") && !Doctor.isStatic("/none"))
    }

    @Test("README lists every finding by its name, and no other, and every batch system")
    func readme() throws {
        let text = try String(contentsOfFile: Built.tree + "/README.md", encoding: .utf8)
        let section = try #require(
            text.components(separatedBy: "\n## ").first { $0.hasPrefix("Is this node fit?") })
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let names = rows.flatMap { row in
            (row.split(separator: "|").first ?? "").split(separator: "`").filter {
                $0.first?.isUppercase == true
            }
        }
        #expect(Set(names.map(String.init)) == Set(Doctor.questions.flatMap(\.names)))
        #expect(names.count == Set(names).count)
        let key = try #require(text.split(separator: "\n").first { $0.hasPrefix("| `scheduler` |") })
        for system in BatchSystem.allCases { #expect(key.contains("`\(system.rawValue)`"), "\(system)") }
    }
}

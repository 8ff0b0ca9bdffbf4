import Batch
import Job
import JobMachine
import Site
import Unix

/// Whether this node will run machines, as a table of questions; each answer is one line with what to do.
///
/// Nothing here changes what jobs see: the one machine that it starts is no job's.
struct Doctor {
    let site: Site
    let places: Places
    let programs: Programs
    let now: Timestamp

    var ending: Ending { Ending(site: site, places: places, clock: { now }) }

    /// One thing that is asked, and the names of what is found.
    struct Question: Sendable {
        let names: [String]
        /// Whether an ordinary user sees enough to answer.
        let isForAll: Bool
        let ask: @Sendable (Doctor) -> [Finding]

        init(_ names: String..., isForAll: Bool = false, ask: @escaping @Sendable (Doctor) -> [Finding]) {
            self.names = names
            self.isForAll = isForAll
            self.ask = ask
        }
    }

    static let questions = [
        Question("Configuration", isForAll: true) { [$0.configuration] },
        Question("Programs", isForAll: true) { [$0.installed] },
        Question("Directories") { [$0.directories] },
        Question("Accounts", isForAll: true) { [$0.accounts] },
        Question("Virtualization") { [$0.virtualization] },
        Question("KvmAccess", isForAll: true) { [$0.kvmAccess] },
        Question("Libvirt") { [$0.libvirt] },
        Question("SecurityDriver") { [$0.securityDriver] },
        Question("Machine", "Confinement", "Definition", "Console", "BaseImage") { $0.machine },
        Question("AgentVolume") { [$0.agentVolume] },
        Question("Sharing", isForAll: true) { [$0.sharing()] },
        Question("Anchors", isForAll: true) { $0.anchors },
        Question("RevocationLists", isForAll: true) { $0.revocationLists },
        Question("Lists", isForAll: true) { $0.lists },
        Question("Images") { $0.images },
        Question("Admission") { $0.admissions },
        Question("Verity") { [$0.verity] },
        Question("Space", isForAll: true) { [$0.space] },
        Question("Clock", isForAll: true) { [$0.clock] },
        Question("AuditLog") { [$0.auditLog] },
        Question("Leftovers") { [$0.leftovers] },
        Question("Tick", isForAll: true) { [$0.tick] },
        Question(
            "Scheduler", "Hooks", "Timeouts", "Grace", "JobSubmit", "PrologFlags", "JobStarter", "FailAction"
        ) { $0.scheduler },
    ]

    func examine() -> [Finding] {
        Self.questions.flatMap { question in
            question.isForAll || Process.effectiveUser == 0
                ? question.ask(self)
                : question.names.map { Finding.unknown($0, "only root can see that") }
        }
    }

    /// The exit status of what was found: a failure is a service that is not available; what is not known to be well
    /// is to be asked again.
    static func status(of findings: [Finding]) -> Int32 {
        let verdicts = Set(findings.map(\.verdict))
        if verdicts.contains(.failure) { return ExitStatus.unavailable }
        return verdicts == [.ok] ? ExitStatus.success : ExitStatus.tryAgain
    }

    /// What is wrong with something that only root must be able to change; nil when nothing is.
    ///
    /// `sharing` allows a directory like `/tmp`, whose entries nobody else can exchange.
    static func fault(
        ofRoots path: String, _ kind: FileStatus.Kind, mode: UInt32? = nil, sharing: Bool = false
    ) -> String? {
        guard let status = try? Files.status(path) else { return "\(path) is not there" }
        guard status.kind == kind else { return "\(path) is no \(kind == .directory ? "directory" : "file")" }
        guard status.uid == 0, status.mode & 0o022 == 0 || sharing && status.mode & 0o1000 != 0 else {
            return "\(path) can be changed by others than root: chown root, chmod go-w"
        }
        if let mode, status.mode & 0o777 != mode {
            let (has, wanted) = (String(status.mode & 0o777, radix: 8), String(mode, radix: 8))
            return "\(path) has mode 0\(has): chmod 0\(wanted)"
        }
        return nil
    }
}

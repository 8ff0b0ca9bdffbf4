package import GuestProtocol
internal import Job
internal import Unix

/// What the agent makes of a freshly booted machine before a payload may come: the job's account, its
/// features, its home, and doors closed that a payload has no business with.
///
/// All of it lies in memory; the image's own files stay as they are.
package struct Household {
    /// Where the agent keeps its own, nobody else's to read.
    package static let directory = "/run/bivouac"
    /// Part of it that is memory, and so in no overlay.
    package static let memory = "/run/bivouac/files"
    private static let machineFeatures = "/etc/machinefeatures"
    private static let jobFeatures = "/etc/jobfeatures"

    private let assignment: Assignment
    /// Variables for the payload: where the features are.
    package private(set) var variables: [(name: String, value: String)] = []
    /// The job's features, for later news; nil when the image has no place for them.
    package private(set) var features: FeatureTree?
    /// Whether there is a directory in memory at `PayloadDirectory.place`.
    package private(set) var hasPayloadDirectory = false

    /// What the job was promised and this image cannot give it.
    package private(set) var unmet: AgentError?

    package init(_ assignment: Assignment) { self.assignment = assignment }

    /// Does all of it; what an image makes impossible but a payload can do without is only told.
    package mutating func prepare(_ console: inout Console) throws(AgentError) {
        try AgentError.during("files in memory") { () throws(UnixError) in
            try Files.makeDirectories(Self.directory, mode: 0o700)
            try Files.makeDirectory(Self.memory, mode: 0o755)
            // A launch order passes through it: 8 MiB and its credentials.
            try Mounts.memory(at: Self.memory, size: 16 << 20, mode: 0o755)
        }
        try AgentError.during("the job's account") { () throws(UnixError) in try makeAccount() }
        attempt("host name", &console) { () throws(UnixError) in
            try Machine.setHostname(assignment.hostname)
            try replace("/etc/hosts") { AccountFiles.hosts($0, with: assignment.hostname) }
        }
        for (path, content) in assignment.files {
            attempt(path, &console) { () throws(UnixError) in
                try Files.makeDirectories(Files.parent(path), mode: 0o755)
                try Files.write(content, to: path, mode: 0o644)
            }
        }
        publishFeatures(&console)
        makePayloadDirectory(&console)
        attempt("home directory", &console) { () throws(UnixError) in try makeHome() }
        attempt("/tmp", &console) { () throws(UnixError) in
            if !Files.exists("/tmp") { try Files.makeDirectory("/tmp", mode: 0o1777) }
        }
        attempt("pseudo terminals", &console) { () throws(UnixError) in
            guard Mounts.first(ofType: "devpts") == nil else { return }
            try Files.makeDirectories("/dev/pts", mode: 0o755)
            try Mounts.terminals(at: "/dev/pts")
        }
        do throws(AgentError) { variables += try Attachments.mount(assignment) } catch { unmet = error }
        closeDoors()
    }

    private func makeAccount() throws(UnixError) {
        let account = assignment.account
        let shell = Files.exists(account.shell) ? account.shell : "/bin/sh"
        try replace("/etc/passwd") { AccountFiles.passwd($0, with: account, shell: shell) }
        try replace("/etc/group") { AccountFiles.group($0, with: account) }
    }

    /// Puts a changed copy over a file of the image.
    private func replace(_ path: String, _ change: (String) -> String) throws(UnixError) {
        let old = Files.exists(path) ? try Files.read(path, limit: 1 << 20) : nil
        let copy = Self.memory + "/" + path.split(separator: "/").joined(separator: "-")
        let file = try FileDescriptor.open(copy, [.write, .create, .exclusive], mode: 0o644)
        try file.changeMode(0o644)
        try file.write(change(String(decoding: old ?? [], as: UTF8.self)))
        if old == nil { try Files.write("", to: path, mode: 0o644) }
        try Mounts.bindReadOnly(copy, at: path)
    }

    private mutating func publishFeatures(_ console: inout Console) {
        let jobs = FeatureTree(directory: Self.memory + "/jobfeatures")
        let machines = FeatureTree(directory: Self.memory + "/machinefeatures")
        let assignment = assignment
        let published = attempt("machine and job features", &console) { () throws(UnixError) in
            try machines.publish(assignment.machineFeatures)
            try jobs.publish(assignment.jobFeatures)
            for (source, target) in [
                ("machinefeatures", Self.machineFeatures), ("jobfeatures", Self.jobFeatures),
            ] {
                try Files.makeDirectories(target, mode: 0o755)
                try Mounts.bindReadOnly("\(Self.memory)/\(source)", at: target)
            }
        }
        guard published else { return }
        features = jobs
        variables = [("MACHINEFEATURES", Self.machineFeatures), ("JOBFEATURES", Self.jobFeatures)]
    }

    /// Tells of the directory where there is one; all variables for the payload.
    func publish(_ directory: borrowing PayloadDirectory?) -> [(name: String, value: String)] {
        switch directory {
        case .some(let directory):
            if let feature = Assignment.Feature("shutdown_command", directory.command) {
                try? FeatureTree(directory: Self.memory + "/machinefeatures").publish(feature)
            }
            return variables + directory.variables
        case nil: return variables
        }
    }

    private mutating func makePayloadDirectory(_ console: inout Console) {
        hasPayloadDirectory = attempt("the payload's directory", &console) { () throws(UnixError) in
            try Files.makeDirectories(PayloadDirectory.place, mode: 0o755)
            try Mounts.memory(at: PayloadDirectory.place, size: 8 << 20, mode: 0o755, executable: true)
        }
    }

    private func makeHome() throws(UnixError) {
        let account = assignment.account
        guard let home = BytePath(Array(account.home.utf8)), try home.status() == nil, Placement.allows(home)
        else { return }
        try home.makeDirectories(mode: 0o700, above: 0o755)
        try home.changeOwner(uid: account.uid, gid: account.gid)
    }

    /// Raw devices belong to root alone, whatever groups of the host the user is in, and the kernel's log and
    /// addresses are not for everybody.
    private func closeDoors() {
        for (setting, value) in [
            ("kernel/dmesg_restrict", "1"), ("kernel/kptr_restrict", "2"),
            ("kernel/unprivileged_bpf_disabled", "1"),
        ] {
            try? FileDescriptor.open("/proc/sys/\(setting)", .write).write(value)
        }
        let closed = [
            "vport", "vd", "sd", "sr", "xvd", "hvc", "ttyS", "mem", "kmem", "port", "kmsg", "console",
        ]
        for name in (try? Files.names(in: "/dev")) ?? [] where closed.contains(where: name.hasPrefix) {
            let path = "/dev/\(name)"
            guard let status = try? Files.status(path), status.kind == .other else { continue }
            try? Files.changeOwner(path, uid: 0, gid: 0)
            try? Files.changeMode(path, 0o600)
        }
    }

    @discardableResult
    private func attempt(_ what: String, _ console: inout Console, _ body: () throws(UnixError) -> Void)
        -> Bool
    {
        do throws(UnixError) {
            try body()
            return true
        } catch {
            console.say("\(what): \(error)")
            return false
        }
    }
}

import Foundation
import GuestProtocol
import Libvirt
import TestSupport

/// A node with machines: a libvirtd of its own and real QEMU.
///
/// Slurm's controller is a stand-in, and so is the agent in the guest, which answers at once. All of it, with the
/// machines, ends with the value.
final class MachineRoom {
    let node: Node
    private let keeper: Launch
    /// The process whose mount namespace the node's programs run in.
    let namespace: String
    /// Whether libvirtd was killed: what it was about to remove of its own is then nobody's.
    private(set) var libvirtDied = false

    static let parts = Built.tree + "/Tests/HookTests/Crash"

    init() async throws {
        let node = try Node(refreshed: false)
        self.node = node
        try Self.furnish(node)
        keeper = try Launch(
            ["/usr/bin/tini", "-s", "--", Self.parts + "/machine-room", node.root],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"], streams: .input)
        try await Harness.soon("a mount namespace") {
            FileManager.default.contents(atPath: node.path("room"))?.isEmpty == false
        }
        namespace = try String(contentsOfFile: node.path("room"), encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try await start("virtlogd")
        try await start("libvirtd")
        // libvirt asks each QEMU once what it can do; that is no part of a job's time.
        try await require(["/usr/bin/virsh", "-c", Self.uri(node), "capabilities"])
        try await require([Built.bivouac, "list", "refresh"])
        // The first job fetches the image and makes the agent's volume.
        try await require([Built.bivouac, "image", "fetch", "demo/minimal"])
    }

    deinit {
        try? keeper.input?.close()
        _ = try? keeper.wait(seconds: 30)
    }

    var libvirt: String { Self.uri(node) }

    private static func uri(_ node: Node) -> String {
        "qemu+unix:///system?socket=\(node.path("libvirt/run/libvirt-sock"))"
    }

    private static func furnish(_ node: Node) throws {
        for directory in ["bin", "slurm"] + ["etc", "run", "lib", "cache", "log"].map({ "libvirt/" + $0 }) {
            try FileManager.default.createDirectory(
                atPath: node.path(directory), withIntermediateDirectories: true)
        }
        let sockets = ["ro", "rw", "admin"].map { "unix_sock_\($0)_perms = \"0700\"\n" }.joined()
        try node.write(
            "libvirt/etc/libvirtd.conf",
            "unix_sock_group = \"root\"\n" + sockets + "auth_unix_ro = \"none\"\nauth_unix_rw = \"none\"\n"
                + "log_outputs = \"3:file:/var/log/libvirt/libvirtd.log\"\n")
        try node.write(
            "libvirt/etc/virtlogd.conf", "log_outputs = \"3:file:/var/log/libvirt/virtlogd.log\"\n")
        try node.write(
            "libvirt/etc/qemu.conf",
            "dynamic_ownership = 1\nsecurity_driver = \"none\"\nseccomp_sandbox = 1\n"
                + "namespaces = [ \"mount\" ]\nstdio_handler = \"logd\"\n")
        for (name, part) in [("qemu-system-x86_64", "qemu"), ("squeue", "squeue"), ("qstat", "qstat")] {
            try copyProgram("\(parts)/\(part)", to: node.path("bin/" + name))
        }
        try node.writeProgram("bin/scontrol", "#!/bin/sh\n")
        // QEMU's stand-in runs as the machine's account.
        try node.write("starts", "")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o666], ofItemAtPath: node.path("starts"))
        var frame = FrameWriter()
        frame.append(.ready, Ready(agent: "test", kernel: "6.1", uptime: 1000).body)
        try Data(frame.take()).write(to: URL(fileURLWithPath: node.path("ready")))
        try node.configure([
            "libvirt": "\"\(uri(node))\"", "libvirt_timeout": "\"20s\"", "boot_timeout": "\"20s\"",
            "qemu_accounts": "\"\(Surroundings.roomPool)\"",
        ])
        // A queue whose machines see directories of the node, and its jobs' directory; and one whose images bring
        // their payload and have long to end it.
        let site = try String(contentsOfFile: node.path("etc/bivouac/site.toml"), encoding: .utf8)
        try node.write(
            "etc/bivouac/site.toml",
            site + """
                [queue.live]
                image = "demo/minimal"
                allow = ["demo/*"]
                memory = "512 MiB"
                workdir = "virtiofs"
                exports = ["data"]
                user_disk = "16 MiB"
                [queue.own]
                image = "demo/minimal"
                allow = ["demo/*"]
                memory = "512 MiB"
                payload = "image"
                grace = "10m"
                [exports]
                data = "\(node.path("data"))"

                """)
        for (name, owner) in [("data", 0), ("work", Int(JobOnNode.nobody))] {
            try FileManager.default.createDirectory(
                atPath: node.path(name), withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o755, .ownerAccountID: owner])
        }
    }

    // MARK: Daemons

    /// Starts `virtlogd` or `libvirtd` and waits for its answer.
    func start(_ daemon: String) async throws {
        try keeper.input?.write(contentsOf: Data("\(daemon)\n".utf8))
        let node = node
        try await Harness.soon("an answer of \(daemon)") {
            guard daemon == "libvirtd" else {
                return FileManager.default.fileExists(atPath: node.path("libvirt/run/virtlogd-sock"))
            }
            return (try? Connection.open(Self.uri(node), limit: 5000)) != nil
        }
    }

    /// Ends libvirtd as a crash would.
    func killLibvirtd() async throws {
        libvirtDied = true
        let node = node
        let text = try String(contentsOfFile: node.path("libvirtd.pid"), encoding: .utf8)
        guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw Harness.error("libvirtd.pid holds \(text)")
        }
        kill(pid, SIGKILL)
        try await Harness.soon("the end of libvirtd") { kill(pid, 0) != 0 }
    }

    // MARK: Programs

    /// A job of this node, which the scheduler does not know (any more).
    func job(_ number: Int, restarts: Int? = nil, exit: String = "0:0") -> JobOnNode {
        JobOnNode(
            id: "\(number)", restarts: restarts, configuration: node.path("slurm.conf"), exit: exit)
    }

    /// A job of this node whose machine has what the node can give it: directories and its user's disk.
    func liveJob(_ number: Int) -> JobOnNode {
        var job = job(number)
        job.partition = "live"
        job.comment = "user_disk=yes"
        job.more["SLURM_JOB_WORK_DIR"] = node.path("work")
        return job
    }

    /// A job of this node whose image brings the payload; its guest, which is none, ignores the power button.
    func ownJob(_ number: Int) -> JobOnNode {
        var job = job(number)
        job.partition = "own"
        return job
    }

    /// Takes away the disks of all users.
    func removeDisks() throws {
        for name in node.names("var/lib/bivouac/users") {
            try FileManager.default.removeItem(atPath: node.path("var/lib/bivouac/users/" + name))
        }
    }

    /// What the scheduler says of a job from now on, `RUNNING` for one; nil when it has forgotten it.
    func scheduler(says state: String?, restarts: Int = 0, of job: JobOnNode) throws {
        if let state {
            try node.write("slurm/\(job.id)", "\(state) \(restarts)\n")
        } else {
            try? FileManager.default.removeItem(atPath: node.path("slurm/\(job.id)"))
        }
    }

    /// Starts a program among the node's mounts.
    func launch(_ words: [String], _ job: JobOnNode? = nil) throws -> Launch {
        let surroundings = ["BIVOUAC_ROOT": node.root, "SLURM_CONF": node.path("slurm.conf")]
        return try Launch(
            ["/usr/bin/nsenter", "--target", namespace, "--mount", "--"] + words,
            environment: (job?.environment ?? [:]).merging(surroundings) { $1 })
    }

    func run(_ words: [String], _ job: JobOnNode? = nil) async throws -> Outcome {
        try await launch(words, job).end()
    }

    @discardableResult
    func require(_ words: [String]) async throws -> Outcome {
        let outcome = try await run(words)
        guard outcome.status == 0 else {
            throw Harness.error("\(words): status \(outcome.status): \(outcome.errors)")
        }
        return outcome
    }

    @discardableResult
    func prologue(_ job: JobOnNode) async throws -> Outcome { try await run(Built.prologue, job) }

    @discardableResult
    func epilogue(_ job: JobOnNode) async throws -> Outcome { try await run(Built.epilogue, job) }

    @discardableResult
    func tick() async throws -> Outcome { try await run([Built.bivouac, "tick"]) }

    /// A job whose machine runs.
    func running(_ number: Int, restarts: Int? = nil) async throws -> JobOnNode {
        try await start(job(number, restarts: restarts))
    }

    /// Lets the job's prologue make its machine.
    @discardableResult
    func start(_ job: JobOnNode) async throws -> JobOnNode {
        let prologue = try await prologue(job)
        guard prologue.status == 0, try phase(job) == "running" else {
            throw Harness.error("the machine of job \(job.id) does not run: \(prologue.errors)")
        }
        return job
    }
}

extension Launch {
    /// Like `wait`, for tests that run beside others.
    func end(seconds: Int = 180) async throws -> Outcome {
        let end = ContinuousClock.now + .seconds(seconds)
        while isRunning, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
        return try wait(seconds: 1)
    }
}

extension Harness {
    /// Like `eventually`, for tests that run beside others.
    static func soon(_ what: String, seconds: Int = 60, _ holds: () throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while try !holds() {
            guard ContinuousClock.now < end else { throw error("waited in vain: \(what)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

import Foundation
import Site
import Unix

/// What the tests add to the demo's configuration: more partitions and queues, and a second node.
enum TestSite {
    /// A queue for each reason to turn a job away; the partition has the same name.
    private static let queues = [
        ("vmnone", "allow = [\"demo/*\"]"),
        ("vmclass", "image = \"demo/minimal\"\nallow = [\"demo/*\"]\nclasses = [1]"),
        ("vmallow", "allow = [\"other/*\"]"),
        ("vmuser", "image = \"demo/minimal\"\nallow = [\"demo/*\"]\nusers = [\"root\", \"nobody\"]"),
        ("vmgroup", "image = \"demo/minimal\"\nallow = [\"demo/*\"]\ngroups = [\"nogroup\"]"),
        ("vmsmall", "image = \"demo/minimal\"\nallow = [\"demo/*\"]\nworkdir_limit = \"1 MiB\""),
        ("vmtwo", "image = \"demo/minimal\"\nallow = [\"demo/*\"]"),
        (
            "vmcred",
            """
            image = "demo/minimal"
            allow = ["demo/*"]
            credentials = ["X509_USER_PROXY"]
            end_state = "always"
            """
        ),
        // Whoever needs the node's processors ends its jobs, with a grace beyond KillWait.
        ("vmlow", "image = \"demo/minimal\"\nallow = [\"demo/*\"]"),
        ("vmback", "image = \"demo/minimal\"\nallow = [\"demo/*\"]"),
        (
            "vmown",
            """
            allow = ["service/*", "button/*"]
            payload = "image"
            """
        ),
        ("vmquiet", "allow = [\"listener/*\"]\nlistening = \"fail\""),
        (
            "vmlive",
            """
            image = "demo/minimal"
            allow = ["demo/*"]
            workdir = "virtiofs"
            exports = ["site"]
            user_disk = "32 MiB"
            """
        ),
        (
            "vmlists",
            "allow = [\(TestList.names.map { "\"\($0)/*\"" }.joined(separator: ", "))]"
        ),
    ]

    /// What the machines of `vmlive` see read-only.
    static var exported: String { Cluster.directory + "/exported" }

    /// A job's script runs on the first of its nodes by name, which is to be the other one.
    static var secondNode: String { "zz-" + Cluster.name }
    private static let mark = "# bivouac-test"

    /// Adds what is missing and restarts the controller, which takes a new node in no other way.
    static func configure() async throws {
        let site = Cluster.places.siteFile
        var slurm = try read(Cluster.slurmConfiguration)
        guard !slurm.contains(mark) else { return }
        // Shorter than by default, for the test that waits for it.
        var text =
            "silence_timeout = \"30s\"\n" + (try read(site).components(separatedBy: mark)[0]) + mark + "\n"
        for (name, body) in queues {
            // Less than KillWait leaves, where a test tells the two apart.
            let grace = name == "vmlow" || name == "vmback" ? "5s" : "8s"
            text += "\n[queue.\(name)]\n\(body)\nnetwork = \"none\"\ngrace = \"\(grace)\"\n"
        }
        text += "\n[exports]\nsite = \"\(exported)\"\n"
        try Files.makeDirectories(exported, mode: 0o755)
        try Files.write("exported\n", to: exported + "/file", mode: 0o644)
        try Files.write(text, to: site, mode: 0o644)
        try await writeHooks()

        let node = try await Node.name
        slurm += """
            \(mark)
            MinJobAge=3600
            PreemptType=preempt/partition_prio
            PreemptMode=CANCEL
            SlurmctldParameters=preempt_send_user_signal
            NodeName=\(secondNode) NodeHostname=\(node) NodeAddr=127.0.0.1 Port=\(try await secondPort()) \
            CPUs=2 RealMemory=1024 State=UNKNOWN

            """
        for (name, _) in queues {
            slurm +=
                "PartitionName=\(name) Nodes=\(node)\(name == "vmtwo" ? "," + secondNode : "") DefaultTime=3"
            slurm +=
                ["vmlow": " GraceTime=20", "vmback": " GraceTime=20 PreemptMode=REQUEUE"][name, default: ""]
            slurm += "\n"
        }
        slurm += "PartitionName=urgent Nodes=\(node) PriorityTier=10\n"
        try Files.write(slurm, to: Cluster.slurmConfiguration, mode: 0o644)
        try await restartController()
    }

    /// Writes the partitions of site.toml into the installed hooks.
    static func writeHooks() async throws {
        let outcome = try await Cluster.bivouac("doctor", "--write-hooks", Cluster.programs + "/slurm")
        guard outcome.succeeded else { throw CommandFailure(words: ["bivouac", "doctor"], outcome: outcome) }
    }

    private static func secondPort() async throws -> Int {
        let words = try read(Cluster.directory + "/slurm/ports").split { $0 == " " || $0 == "\n" }
        guard let last = words.last, let port = Int(last) else { throw HarnessError("no ports of Slurm's") }
        return port + 20
    }

    private static func restartController() async throws {
        let pid = try Host.daemon("slurmctld")
        kill(pid, SIGTERM)
        try await eventually("slurmctld ends", within: 600) { kill(pid, 0) != 0 ? true : nil }
        try await startServices()
        try await reconfigure()
    }

    /// Starts those of the cluster's daemons that do not run.
    static func startServices() async throws {
        let outcome = try await Cluster.example("single-node/up", "--root", Cluster.directory, "--services")
        guard outcome.succeeded else { throw CommandFailure(words: ["up --services"], outcome: outcome) }
    }

    /// Lets both daemons read slurm.conf again, when no job runs or is on its way out: in the middle of it Slurm may lose
    /// the word of an Epilog.
    static func reconfigure() async throws {
        _ = try? await eventually("no job runs", within: 90) {
            let jobs = try await JobTable.shared.jobs(fresh: true)
            return jobs.allSatisfy { $0.isOver || $0.word == "PENDING" } ? true : nil
        }
        try await Command.require(
            ["/usr/bin/scontrol", "reconfigure"], environment: Cluster.slurmEnvironment)
        try await eventually("the node is there", within: 600) {
            ["idle", "mixed", "allocated", "completing"].contains(try await Node.state()) ? true : nil
        }
    }

    /// Changes a configuration file for the time of the body.
    @discardableResult
    static func changing<Result>(
        _ path: String, _ change: (String) -> String, during body: () async throws -> Result
    ) async throws -> Result {
        let before = try Files.read(path, limit: 64 << 20)
        guard let status = try Files.status(path) else { throw HarnessError("\(path) is not there") }
        try Files.write(change(String(decoding: before, as: UTF8.self)), to: path, mode: status.mode)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try Files.write(before, to: path, mode: status.mode)
        return try result.get()
    }

    /// Changes a configuration file of Slurm's for the time of the body, which its daemons follow each time.
    @discardableResult
    static func reconfigured<Result>(
        _ path: String, _ change: (String) -> String, during body: () async throws -> Result
    ) async throws -> Result {
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(
                try await changing(path, change) {
                    try await reconfigure()
                    return try await body()
                })
        } catch { result = .failure(error) }
        try await reconfigure()
        return try result.get()
    }

    static func read(_ path: String) throws -> String {
        String(decoding: try Files.read(path, limit: 16 << 20), as: UTF8.self)
    }
}

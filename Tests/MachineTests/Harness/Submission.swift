import Foundation
import Unix

/// `sbatch` as a test calls it.
struct Submission: Sendable {
    var script: [UInt8]
    /// Options of sbatch; they come after ours, and sbatch takes the last one of each.
    var options: [String] = []
    /// Arguments of the script.
    var arguments: [String] = []
    var partition = "vm"
    /// nil: the cluster's usual account.
    var user: Account?
    var asRoot = false
    /// `NAME=VALUE`, beside what sbatch needs itself.
    var environment: [String] = []
    var umask = "022"
    /// Without a script: `sbatch --wrap`.
    var wrap: String?

    /// A script of the shell: the first line is added.
    init(_ text: String, _ options: [String] = [], partition: String = "vm") {
        script = Array(("#!/bin/sh\n" + text + "\n").utf8)
        self.options = options
        self.partition = partition
    }

    init(bytes: [UInt8], _ options: [String] = []) {
        script = bytes
        self.options = options
    }

    /// Submits it; the test's scope ends what it made.
    ///
    /// The link, if there is to be one, leads to the job's directory.
    func submit(linking link: String? = nil) async throws -> SlurmJob {
        let (outcome, directory) = try await attempt(linking: link)
        guard outcome.succeeded, let id = Int(outcome.line.prefix { $0.isNumber }) else {
            throw CommandFailure(words: ["sbatch"], outcome: outcome)
        }
        let job = SlurmJob(id: id, directory: directory)
        Scope.ledger?.add(job)
        return job
    }

    /// Submits it and waits for its end.
    @discardableResult
    func run(within seconds: Int = 600) async throws -> (SlurmJob, JobState) {
        let job = try await submit()
        return (job, try await job.ended(within: seconds))
    }

    /// What sbatch said to something that it should turn away.
    func refused() async throws -> Outcome {
        let (outcome, directory) = try await attempt()
        try Files.removeTree(directory)
        if outcome.succeeded, let id = Int(outcome.line.prefix { $0.isNumber }) {
            try await SlurmJob(id: id, directory: directory).cancel()
        }
        return outcome
    }

    private func attempt(linking link: String? = nil) async throws -> (Outcome, String) {
        let cluster = try await Cluster.ready()
        let account = user ?? cluster.user
        let directory = "\(Cluster.directory)/jobs/bivouac-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try Files.changeOwner(directory, uid: account.uid, gid: account.gid)
        if let link {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: directory)
        }
        let file = directory + "/script"
        try Files.write(script, to: file, mode: 0o755)
        var words = ["/bin/sh", "-c", "umask \"$1\"; shift; exec \"$@\"", "sh", umask, "/usr/bin/sbatch"]
        words += [
            "--parsable", "--partition=\(partition)", "--time=10", "--mem=256M", "--job-name=bivouac-test",
            "--output=\(directory)/%j.out", "--error=\(directory)/%j.err", "--open-mode=append",
        ]
        words += options
        if let wrap { words += ["--wrap", wrap] } else { words += [file] + arguments }
        let variables =
            Cluster.slurmEnvironment + ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"] + environment
        let program = ["/usr/bin/env", "-i"] + variables + words
        let all =
            asRoot
            ? ["/usr/bin/env", "-C", directory] + program
            : Command.words(program, as: account, directory: directory)
        return (try await Command.run(all), directory)
    }
}

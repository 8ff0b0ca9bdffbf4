import Foundation
import Unix

/// The cluster's second node: another slurmd on this machine, with which a job can have two.
enum SecondNode {
    /// Runs the body while the node is there.
    static func running<Result>(_ body: () async throws -> Result) async throws -> Result {
        _ = try await Cluster.ready()
        let directory = Cluster.directory + "/slurm/second"
        try FileManager.default.createDirectory(
            atPath: directory + "/spool", withIntermediateDirectories: true)
        let text = try TestSite.read(Cluster.slurmConfiguration)
            .replacingOccurrences(of: "\(Cluster.directory)/slurm/spool", with: directory + "/spool")
            .replacingOccurrences(
                of: "\(Cluster.directory)/slurm/slurmd.pid", with: directory + "/slurmd.pid"
            )
            .replacingOccurrences(
                of: "\(Cluster.directory)/slurm/log/slurmd.log", with: directory + "/slurmd.log"
            )
            .replacingOccurrences(
                of: "\(Cluster.directory)/slurm/slurm.conf", with: directory + "/slurm.conf")
        try Files.write(text + "DebugFlags=NO_CONF_HASH\n", to: directory + "/slurm.conf", mode: 0o644)
        try await Command.require(
            ["/usr/sbin/slurmd", "-N", TestSite.secondNode, "-f", directory + "/slurm.conf"],
            environment: ["SLURM_CONF=" + directory + "/slurm.conf"])
        let result: Swift.Result<Result, any Error>
        do {
            try await eventually("the second node is there", within: 600) {
                let state = try await Command.require(
                    ["/usr/bin/sinfo", "-h", "-n", TestSite.secondNode, "-p", "vmtwo", "-o", "%T"],
                    environment: Cluster.slurmEnvironment)
                return state.line == "idle" ? true : nil
            }
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        let file = try TestSite.read(directory + "/slurmd.pid").trimmingCharacters(
            in: .whitespacesAndNewlines)
        if let pid = Int32(file) {
            kill(pid, SIGTERM)
            try await eventually("the second node is gone", within: 600) {
                kill(pid, 0) != 0 || Host.status(pid, "State")?.hasPrefix("Z") == true ? true : nil
            }
        }
        return try result.get()
    }
}

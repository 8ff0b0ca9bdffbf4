import Foundation

/// The cluster's node as Slurm sees it.
enum Node {
    /// Slurm's word for its state, in lower case: idle, mixed, drained, ...
    static func state() async throws -> String { try await fields().state }

    /// Why it is drained; empty when it is not.
    static func reason() async throws -> String { try await fields().reason }

    static var name: String {
        get async throws { try await Command.require(["/usr/bin/hostname", "-s"]).line }
    }

    private static func fields() async throws -> (state: String, reason: String) {
        let line = try await Command.require(
            ["/usr/bin/sinfo", "-h", "-N", "-n", try await name, "-p", "vm", "-o", "%T|%E"],
            environment: Cluster.slurmEnvironment
        ).line
        let parts = line.split(separator: "|", maxSplits: 1).map(String.init)
        let reason = parts.count == 2 && parts[1] != "none" ? parts[1] : ""
        return (parts.first.map { $0.trimmingCharacters(in: ["*", "~", "#", "+"]) } ?? "", reason)
    }

    /// Takes a drained node back into service; Slurm refuses that for one that is in service.
    static func resume() async throws {
        guard ["drained", "draining"].contains(try await state()) else { return }
        try await Command.require(
            ["/usr/bin/scontrol", "update", "NodeName=\(try await name)", "State=RESUME"],
            environment: Cluster.slurmEnvironment)
        try await eventually("the node is back", within: 600) {
            ["idle", "mixed", "allocated"].contains(try await state()) ? true : nil
        }
    }

    /// After a test that failed, the next one finds a node in service and nothing on it.
    static func recover() async throws {
        guard try await state() != "idle" else { return }
        try await Cluster.tick()
        if try await !reason().isEmpty { try await resume() }
    }

    /// Waits until it is drained and says why.
    static func drained(within seconds: Int = 600) async throws -> String {
        try await eventually("the node is drained", within: seconds) {
            ["drained", "draining"].contains(try await state()) ? try await reason() : nil
        }
    }
}

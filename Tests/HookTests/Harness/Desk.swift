import Foundation
import GuestProtocol

/// A launcher's surroundings: root's record of a job whose machine runs, and an agent's socket.
final class Desk {
    let node: Node
    let job = JobOnNode()
    private(set) var agent: FakeAgent?

    /// A desk for a job of `uid` in this phase; without a socket when `socket` is false.
    init(phase: String = "running", uid: UInt32 = JobOnNode.nobody, socket: Bool = true) throws {
        node = try Node(refreshed: false)
        try record("{\"phase\":\"\(phase)\",\"uid\":\(uid)}")
        if socket { agent = try FakeAgent(self.socket, owner: JobOnNode.nobody) }
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: node.live())
    }

    var socket: String { node.live() + "/payload.sock" }
    var recordPath: String { node.live() + "/record.json" }

    /// Writes the record that the launcher reads.
    func record(_ text: String) throws { try node.write("run/bivouac/jobs/t-\(job.id)/record.json", text) }

    /// The agent, which this desk has.
    func theAgent() throws -> FakeAgent {
        guard let agent else { throw Harness.error("this desk has no agent") }
        return agent
    }

    /// The launcher's words in front of a command.
    var prefix: [String] { [node.endorsement.launcher, "--root=\(node.root)", "--"] }

    /// Starts the launcher as the job's user.
    func launch(
        _ words: [String]? = nil, environment: [String: String] = [:], streams: Launch.Streams = .files,
        uid: UInt32 = JobOnNode.nobody
    ) throws -> Launch {
        try Launch(
            Launch.words(words ?? prefix + ["/bin/true"], as: uid),
            environment: ["SLURM_JOB_ID": job.id].merging(environment) { $1 }, streams: streams)
    }

    /// Starts the launcher through a shell, for bytes that no string holds.
    func launch(shell line: String, environment: [String: String] = [:]) throws -> Launch {
        try launch(["/bin/sh", "-c", line], environment: environment)
    }

    /// Starts the launcher and leads the dialogue up to a payload that runs.
    func running(streams: Launch.Streams = .files) throws -> (launch: Launch, agent: FakeAgent) {
        let launch = try launch(streams: streams)
        let agent = try theAgent()
        try agent.accept()
        _ = try agent.order()
        try agent.send(.started)
        return (launch, agent)
    }
}

import Foundation
import Site
import Unix

/// The single-node cluster that `Tests/run` brings up with `examples/single-node/up`.
struct Cluster: Sendable {
    /// Its directory, which is its `BIVOUAC_ROOT`; nil where there is no cluster, or no right to use it.
    static let root: String? =
        Unix.Process.effectiveUser == 0 ? Unix.Process.environment("BIVOUAC_TEST_ROOT") : nil

    /// Whether tests that look for races go more rounds: `Tests/run --long`.
    static let isLong = Unix.Process.environment("BIVOUAC_TEST_LONG") != nil

    static var directory: String { root ?? "/nonexistent" }
    /// Name of the account that submits, and stem of the others.
    static var name: String { (directory as NSString).lastPathComponent }
    /// Slurm's name of the cluster and the site's, part of each job's key.
    static var cluster: String { name.replacingOccurrences(of: "bivouac-", with: "") }
    static var places: Places { Places(root: directory) }
    static var libvirt: String { "qemu+unix:///system?socket=\(directory)/libvirt/run/libvirt-sock" }
    static var slurmConfiguration: String { directory + "/slurm/slurm.conf" }
    static var slurmEnvironment: [String] { ["SLURM_CONF=" + slurmConfiguration] }
    /// Where hooks/install put our programs.
    static var programs: String { directory + "/usr/libexec/bivouac" }

    static let sourceTree: String = {
        var path = #filePath as NSString
        for _ in 0..<4 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }()

    /// Who submits; another member of her primary group; somebody else.
    let user: Account
    let sibling: Account
    let stranger: Account

    private static let preparation = Task.detached {
        let cluster = Cluster(
            user: try await .named(name), sibling: try await .named(name + "-b"),
            stranger: try await .named(name + "-c"))
        try await TestSite.configure()
        return cluster
    }

    /// The cluster, configured for the tests.
    static func ready() async throws -> Cluster { try await preparation.value }

    /// Runs the operator's tool on the cluster.
    static func bivouac(_ words: String...) async throws -> Outcome {
        try await Command.run(
            [directory + "/usr/sbin/bivouac"] + words,
            environment: ["BIVOUAC_ROOT=" + directory] + slurmEnvironment)
    }

    /// Runs a whole tick that begins after this call: the node's health check starts ticks too, and one that finds
    /// another at work ends at once.
    @discardableResult
    static func tick() async throws -> Outcome {
        try await eventually("no tick is at work", within: 600) { try isTicking() ? nil : true }
        let outcome = try await bivouac("tick")
        try await eventually("no tick is at work any more", within: 600) { try isTicking() ? nil : true }
        return outcome
    }

    private static func isTicking() throws -> Bool {
        guard try FileLock.tryAcquire(places.tickLock) != nil else { return true }
        return false
    }

    /// A script of examples/ with its arguments.
    static func example(_ words: String..., seconds: Int = 300) async throws -> Outcome {
        try await Command.run(
            [sourceTree + "/examples/" + words[0]] + words.dropFirst(), environment: ["HOME=/root"],
            seconds: seconds)
    }
}

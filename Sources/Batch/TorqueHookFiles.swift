internal import Job

/// What Torque's job starter reads follows from `site.toml` and from MOM's own configuration, and is written by `bivouac
/// doctor --write-hooks`.
package struct TorqueHookFiles: Sendable {
    /// The files that carry marked lines.
    package static let names = ["prologue", "epilogue", "node_check"]
    /// What the job starter reads, beside itself.
    package static let jobStarter = "job_starter.conf"

    private let root: String
    private let queues: [String]
    /// MOM's configuration, see pbs_mom(8).
    private let configuration: String

    /// `directory` is where the hooks are installed, `PREFIX/libexec/bivouac/torque`; `root` is empty on a production
    /// node; `configuration` is the text of MOM's own.
    package init(
        directory: String, root: String, cluster: String, queues: [String], configuration: String
    ) throws(BatchError) {
        // The same words have to be plain as in a hook.
        _ = try SlurmHookFiles(
            directory: directory, root: root, cluster: cluster, partitions: queues, spool: "/",
            scheduler: Scheduler.torque.name)
        self.root = root
        self.queues = queues.sorted()
        self.configuration = configuration
    }

    /// `no` where MOM's configuration has it so, and `yes` by default.
    private func answer(_ setting: String) -> String {
        let words = configuration.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        let value = words.last { $0.first?.elementsEqual(setting) == true }?.dropFirst().first?.lowercased()
        return ["false", "no", "off", "0"].contains(value) ? "no" : "yes"
    }

    /// Content of `job_starter.conf`.
    package var jobStarterConfiguration: String {
        var lines = ["# \(SlurmHookFiles.marker)", "root \(root)"]
        lines.append("login " + answer("$source_login_batch"))
        lines.append("interactive_login " + answer("$source_login_interactive"))
        lines += queues.map { "queue \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }
}

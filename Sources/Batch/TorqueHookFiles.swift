internal import Job

/// The lines of the installed Torque hooks that follow from `site.toml`, written by `bivouac doctor --write-hooks`.
package struct TorqueHookFiles: Sendable {
    /// The files that carry marked lines.
    package static let names = ["prologue", "epilogue", "node_check"]
    /// What the job starter reads, beside itself.
    package static let jobStarter = "job_starter.conf"

    private let lines: SlurmHookFiles
    private let root: String
    private let queues: [String]
    private let isLogin: Bool

    /// `directory` is where the hooks are installed, `PREFIX/libexec/bivouac/torque`; `root` is empty on a production
    /// node; `isLogin` is MOM's `$source_login_batch`.
    package init(directory: String, root: String, cluster: String, queues: [String], isLogin: Bool)
        throws(BatchError)
    {
        lines = try SlurmHookFiles(
            directory: directory, root: root, cluster: cluster, partitions: queues, spool: "/",
            scheduler: Scheduler.torque.name)
        self.root = root
        self.queues = queues.sorted()
        self.isLogin = isLogin
    }

    /// Whether MOM starts a batch job's shell as a login shell, by the text of its configuration (pbs_mom(8)).
    package static func startsLoginShells(_ configuration: String) -> Bool {
        let words = configuration.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
        let value = words.last { $0.first == "$source_login_batch" }?.dropFirst().first?.lowercased()
        return !["false", "no", "off", "0"].contains(value)
    }

    /// The text of a hook with its marked lines made anew; a hook without one is no hook of ours.
    package func rewrite(_ text: String, named name: String) throws(BatchError) -> String {
        try lines.rewrite(text, named: name)
    }

    /// Content of `job_starter.conf`.
    package var jobStarterConfiguration: String {
        let words = ["root \(root)", "login \(isLogin ? "yes" : "no")"] + queues.map { "queue \($0)" }
        return (["# \(SlurmHookFiles.marker)"] + words).joined(separator: "\n") + "\n"
    }
}

internal import JSON

/// What the hook of OpenPBS and its job starter read: both follow from `site.toml` and are written by `bivouac doctor
/// --write-hooks`.
package struct OpenPBSHookFiles: Sendable {
    /// The hook's configuration file, which qmgr imports.
    package static let configuration = "bivouac.json"
    /// What the job starter reads, beside itself.
    package static let jobStarter = "job_starter.conf"

    private let prefix: String
    private let root: String
    private let cluster: String
    private let queues: [String]

    /// `directory` is where the hook is installed, `PREFIX/libexec/bivouac/openpbs`; `root` is empty on a production
    /// node.
    package init(directory: String, root: String, cluster: String, queues: [String]) throws(BatchError) {
        // The same words have to be plain as in a hook that is a shell's script.
        _ = try SlurmHookFiles(
            directory: directory, root: root, cluster: cluster, partitions: queues, spool: "/",
            scheduler: Scheduler.openPBS.name)
        prefix = String(directory.dropLast("/libexec/bivouac/openpbs".count))
        self.root = root
        self.cluster = cluster
        self.queues = queues.sorted()
    }

    /// Content of the hook's configuration file.
    package var hookConfiguration: String {
        JSON.object([
            .init("queues", .array(queues.map { .string($0) })), .init("cluster", .string(cluster)),
            .init("root", .string(root)), .init("libexec", .string(prefix + "/libexec/bivouac")),
            .init("sbin", .string(prefix + "/sbin")),
        ]).indented + "\n"
    }

    /// Content of `job_starter.conf`; MOM always starts a login shell.
    package var jobStarterConfiguration: String {
        let words = ["root \(root)", "login yes"] + queues.map { "queue \($0)" }
        return (["# \(SlurmHookFiles.marker)"] + words).joined(separator: "\n") + "\n"
    }
}

import Batch
import Command
import Site
import Unix

/// The installed files of a batch system's hooks that follow from site.toml, where alone it stands which queues are
/// ours.
struct HookFiles {
    /// Where pbs_mom has its hooks and its settings, see pbs_mom(8).
    static let mom = "/var/spool/torque/mom_priv"

    /// Where the hooks are installed, `PREFIX/libexec/bivouac/NAME`.
    let directory: String
    /// The files of which some lines follow from it.
    let scripts: [String]
    /// The files of which all does, with their contents.
    let settings: [String: String]
    private var lines: SlurmHookFiles

    /// `root` is empty on a production node, `slurm` the path of slurm.conf; where none is given, what follows from
    /// that file is made up, and not compared.
    init(_ directory: String, of system: BatchSystem, _ site: Site, root: String, slurm: String? = nil) throws
    {
        let queues = Array(site.queues.keys)
        self.directory = directory
        lines = try SlurmHookFiles(
            directory: directory, root: root, cluster: site.cluster, partitions: queues,
            spool: try slurm.map { try SlurmConfiguration.spool(in: $0, host: Process.system.host) } ?? "/",
            configuration: slurm.map { Files.parent($0) } ?? "/", scheduler: system.rawValue)
        switch system {
        case .slurm:
            scripts = SlurmHookFiles.names
            settings = [SlurmHookFiles.taskProlog: lines.taskPrologConfiguration]
        case .torque:
            let files = try TorqueHookFiles(
                directory: directory, root: root, cluster: site.cluster, queues: queues,
                configuration: Self.text("\(root)\(Self.mom)/config") ?? "")
            scripts = TorqueHookFiles.names
            settings = [TorqueHookFiles.jobStarter: files.jobStarterConfiguration]
        case .openpbs:
            let files = try OpenPBSHookFiles(
                directory: directory, root: root, cluster: site.cluster, queues: queues)
            scripts = []
            settings = [
                OpenPBSHookFiles.configuration: files.hookConfiguration,
                OpenPBSHookFiles.jobStarter: files.jobStarterConfiguration,
            ]
        case .gridengine: (scripts, settings) = (["prolog", "epilog", "starter"], [:])
        case .htcondor: (scripts, settings) = (["hook", "wrapper", "root"], [:])
        }
        guard system == .slurm, let slurm else { return }
        // What the task_prolog asks, on a controller that is set up as its nodes are.
        let runtime = Self.text(Files.parent(slurm) + "/oci.conf")
        lines.steps = try [SlurmHookFiles.runtime, SlurmHookFiles.oldRuntime].contains {
            try script($0).text == runtime
        }
    }

    /// The text of a file; nil for none, and for one that is no script of anybody's.
    static func text(_ path: String) -> String? {
        (try? Files.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What an installed script is to be, with its present permissions.
    private func script(_ name: String) throws -> (text: String, mode: UInt32) {
        let path = "\(directory)/\(name)"
        guard let status = try Files.status(path), status.kind == .regular, let old = Self.text(path) else {
            throw Failure(ExitStatus.configuration, "\(path) is not there: run hooks/install first")
        }
        return (try lines.rewrite(old, named: name), status.mode)
    }

    /// Writes what is not yet as it is to be, once all of that is known.
    func write() throws {
        var files = try scripts.map { (name: $0, new: try script($0)) }
        files += settings.sorted { $0.key < $1.key }.map { (name: $0.key, new: ($0.value, 0o644)) }
        for (name, new) in files {
            let path = "\(directory)/\(name)"
            let isCurrent = Self.text(path) == new.text
            if !isCurrent { try Files.write(new.text, to: path, mode: new.mode) }
            Process.print("\(path): \(isCurrent ? "unchanged" : "written")\n")
        }
    }

    /// Whether the text of a file of that name is what it is to be, but for what follows from slurm.conf.
    func fits(_ text: String, _ name: String) -> Bool {
        guard let wanted = settings[name] else { return (try? lines.rewrite(text, named: name)) == text }
        func ours(_ text: String) -> [Substring] {
            text.split(separator: "\n").filter { !$0.hasPrefix("spool ") && !$0.hasPrefix("oci ") }
        }
        return ours(text) == ours(wanted)
    }
}

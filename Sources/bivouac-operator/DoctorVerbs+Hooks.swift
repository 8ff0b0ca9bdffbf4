import Batch
import Command
import Site
import Unix

extension Verbs {
    /// Writes what follows from site.toml for a batch system whose hooks say it in no other way.
    ///
    /// False when the directory is none of theirs.
    static func writeOtherHooks(_ tool: Tool, _ directory: String, _ site: Site) throws -> Bool {
        let scheduler = directory.split(separator: "/").last.map(String.init) ?? ""
        let queues = Array(site.queues.keys)
        switch scheduler {
        case "openpbs":
            let files = try OpenPBSHookFiles(
                directory: directory, root: tool.places.root, cluster: site.cluster, queues: queues)
            try write(files.hookConfiguration, to: "\(directory)/\(OpenPBSHookFiles.configuration)")
            try write(files.jobStarterConfiguration, to: "\(directory)/\(OpenPBSHookFiles.jobStarter)")
        case "gridengine", "htcondor":
            let hooks = try SlurmHookFiles(
                directory: directory, root: tool.places.root, cluster: site.cluster, partitions: queues,
                spool: "/",
                scheduler: scheduler)
            let names =
                scheduler == "htcondor" ? ["hook", "wrapper", "root"] : ["prolog", "epilog", "starter"]
            for name in names {
                let path = "\(directory)/\(name)"
                guard let status = try Files.status(path), status.kind == .regular else {
                    throw Failure(ExitStatus.configuration, "\(path) is not there: run hooks/install first")
                }
                let old = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
                try write(try hooks.rewrite(old, named: name), to: path, mode: status.mode)
            }
        default: return false
        }
        return true
    }

    private static func write(_ text: String, to path: String, mode: UInt32 = 0o644) throws {
        try Files.write(text, to: path, mode: mode)
        Process.print("\(path): written\n")
    }
}

import Batch
import Command
import Site
import Unix

extension Verbs {
    /// Where MOM looks for its settings, below `$PBS_HOME`.
    private static let momConfiguration = "/var/spool/torque/mom_priv/config"

    static func writeTorqueHooks(_ tool: Tool, _ directory: String, _ site: Site) throws {
        let mom = (try? Files.read(tool.places.root + momConfiguration, limit: 1 << 20)) ?? []
        let hooks = try TorqueHookFiles(
            directory: directory, root: tool.places.root, cluster: site.cluster,
            queues: Array(site.queues.keys),
            configuration: String(decoding: mom, as: UTF8.self))
        for name in TorqueHookFiles.names {
            let path = "\(directory)/\(name)"
            guard let status = try Files.status(path), status.kind == .regular else {
                throw Failure(ExitStatus.configuration, "\(path) is not there: run hooks/install first")
            }
            let old = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            let new = try hooks.rewrite(old, named: name)
            if new != old { try Files.write(new, to: path, mode: status.mode) }
            Process.print("\(path): \(new == old ? "unchanged" : "written")\n")
        }
        let path = "\(directory)/\(TorqueHookFiles.jobStarter)"
        try Files.write(hooks.jobStarterConfiguration, to: path, mode: 0o644)
        Process.print("\(path): written\n")
    }
}

import Batch
import Job
import Site
import Unix

// Torque's side of the node.
extension Doctor {
    /// What pbs_mom is told in `home`, and the hooks that it has there.
    func torque(_ home: String) -> [Finding] {
        let path = home + "/config"
        guard let text = HookFiles.text(path) else {
            return [
                .failure("Scheduler", "\(path) cannot be read: pbs_mom would run jobs on the node itself")
            ]
        }
        let settings = TorqueSettings(text)
        let hooks = ["prologue", "epilogue"].map { torqueHook($0, home) }
        let starter = settings["job_starter"].map { [hook($0, "job_starter")] } ?? []
        return [.ok("Scheduler", "Torque: \(path)")] + hooks + starter
            + settings.findings(for: site, server: try? QmgrSettings.ask())
    }

    /// A hook under its own name and as `NAME.vm`, which pbs_mom prefers for jobs of `qsub -T vm`: one of them must be
    /// ours.
    private func torqueHook(_ name: String, _ home: String) -> Finding {
        let paths = [name, name + ".vm"].map { "\(home)/\($0)" }.filter { Files.exists($0) }
        let findings = paths.map { hook($0, name) }
        return findings.first { $0.verdict == .failure } ?? findings.last
            ?? .failure("Hooks", "\(home)/\(name) is not there: hooks/install, and link or copy it there")
    }
}

import Batch
import Job
import Site
import Unix

// Slurm's side of the node.
extension Doctor {
    /// Slurm's settings against what the hooks rely on.
    var slurm: [Finding] {
        let commands = SlurmCommand(configuration: Process.environment("SLURM_CONF"))
        let settings: SlurmSettings
        do throws(BatchError) {
            settings = try commands.settings()
        } catch {
            return [.unknown("Scheduler", "Slurm does not tell its settings: \(error)")]
        }
        var findings = settings.findings(for: site)
        if let index = findings.firstIndex(where: { $0.name == "JobSubmit" }), findings[index].verdict == .ok
        {
            findings[index] = submission(commands)
        }
        let version = settings["SLURM_VERSION"] ?? ""
        return [.ok("Scheduler", "Slurm \(version) answers")] + hooks(settings) + findings
    }

    /// Whether the script that puts the launcher in front of jobs is at work, by what it says of a job that it
    /// has to refuse.
    private func submission(_ commands: SlurmCommand) -> Finding {
        guard let queue = site.queues.keys.sorted().first else {
            return .unknown("JobSubmit", "site.toml names no queue to try it with")
        }
        do throws(BatchError) {
            return Self.submission(queue, said: try commands.trySubmission(to: queue))
        } catch {
            return .unknown("JobSubmit", "\(error)")
        }
    }

    /// `said` is what sbatch(1) prints about a job on two nodes.
    static func submission(_ queue: String, said: String) -> Finding {
        guard !said.contains("bivouac: ") else { return .ok("JobSubmit", "job_submit.lua is at work") }
        let line = said.split(separator: "\n").first ?? "nothing"
        return .failure(
            "JobSubmit",
            "job_submit.lua does not know \(queue), whose jobs then fail: put it beside the controller's "
                + "slurm.conf (sbatch says: \(line))")
    }

    private func hooks(_ settings: SlurmSettings) -> [Finding] {
        [("Prolog", "prolog"), ("Epilog", "epilog"), ("TaskProlog", "task_prolog")].map { setting, file in
            hook(setting, file, settings[setting])
        }
    }

    /// A hook that is ours, root's alone to write, and made from the present site.toml.
    private func hook(_ setting: String, _ file: String, _ path: String?) -> Finding {
        guard let path, path.hasSuffix("/" + file) else {
            return .warning(
                "Hooks", "\(setting) is \(path ?? "not set"): it must call .../libexec/bivouac/slurm/\(file)")
        }
        if let fault = Self.fault(ofRoots: path, .regular, mode: 0o755) {
            return .failure("Hooks", "\(setting): \(fault), or run hooks/install")
        }
        let directory = Files.parent(path)
        do {
            let files = try SlurmHookFiles(
                directory: directory, root: places.root, cluster: site.cluster,
                partitions: Array(site.queues.keys), spool: "/")
            guard SlurmHookFiles.names.contains(file) else { return .ok("Hooks", "\(setting): \(path)") }
            let text = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            return try files.rewrite(text, named: file) == text
                ? .ok("Hooks", "\(setting): \(path)")
                : .failure(
                    "Hooks", "\(path) does not fit site.toml: bivouac doctor --write-hooks \(directory)")
        } catch {
            return .failure("Hooks", "\(path): \(error)")
        }
    }
}

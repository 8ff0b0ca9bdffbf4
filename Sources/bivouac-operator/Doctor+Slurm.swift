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
        let findings = settings.findings(for: site).map { finding in
            finding.name == "JobSubmit" && finding.verdict == .ok ? submission(commands) : finding
        }
        return [.ok("Scheduler", "Slurm \(settings["SLURM_VERSION"] ?? "") answers")] + hooks(settings)
            + findings
    }

    /// Whether the script that puts the launcher in front of jobs is at work, by what it says of a job that it
    /// has to refuse.
    private func submission(_ commands: SlurmCommand) -> Finding {
        var finding = Finding.unknown("JobSubmit", "site.toml names no queue to try it with")
        for queue in site.queues.keys.sorted() {
            do throws(BatchError) {
                finding = Self.submission(queue, said: try commands.trySubmission(to: queue))
            } catch {
                return .unknown("JobSubmit", "\(error)")
            }
            guard finding.verdict == .ok else { break }
        }
        return finding
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
        [("Prolog", "prolog"), ("Epilog", "epilog"), ("TaskProlog", "task_prolog")].map { setting, name in
            // One path, not a pattern or a list.
            guard let path = settings[setting], !path.contains(where: { "*?[,".contains($0) }) else {
                return .warning(
                    "Hooks",
                    "\(setting) is \(settings[setting] ?? "not set"): it must call .../libexec/bivouac/slurm/\(name)"
                )
            }
            return hook(path, name)
        }
    }
}

import Batch
import Command
import Site
import Unix

extension Doctor {
    /// Slurm's settings against what the hooks rely on; a warning where Slurm does not answer.
    var scheduler: [Finding] {
        let settings: [String: String]
        do {
            settings = try SlurmCommand(configuration: Process.environment("SLURM_CONF")).settings()
        } catch {
            return [.warning("Slurm", "its settings are not known: \(error)")]
        }
        return [
            timeouts(settings), grace(settings),
            settings["JobSubmitPlugins", default: ""].split(separator: ",").contains("lua")
                ? .ok("JobSubmit", "job_submit/lua is loaded")
                : .failure("JobSubmit", "JobSubmitPlugins lacks lua: every job of our partitions fails"),
        ] + hooks(settings)
    }

    private func timeouts(_ settings: [String: String]) -> Finding {
        func seconds(_ name: String) -> Int? { settings[name].flatMap { Int($0.prefix { $0.isNumber }) } }
        guard let hook = seconds("PrologEpilogTimeout"), hook < 65_534 else {
            return .warning(
                "Timeouts", "PrologEpilogTimeout is not set: Slurm waits for ever for a hook that hangs")
        }
        guard hook > site.prologueTimeout else {
            return .failure(
                "Timeouts",
                "PrologEpilogTimeout (\(hook) s) is not above prologue_timeout (\(site.prologueTimeout) s): "
                    + "Slurm kills a prologue that still has time, and drains the node")
        }
        guard let batch = seconds("BatchStartTimeout"), batch >= hook else {
            return .failure(
                "Timeouts",
                "BatchStartTimeout is below PrologEpilogTimeout (\(hook) s): "
                    + "Slurm requeues jobs whose machines still boot")
        }
        return .ok("Timeouts", "prologue \(site.prologueTimeout) s < PrologEpilogTimeout \(hook) s")
    }

    /// What payloads are promised must not be more than Slurm leaves them.
    private func grace(_ settings: [String: String]) -> Finding {
        guard let wait = settings["KillWait"].flatMap({ Int($0.prefix { $0.isNumber }) }) else {
            return .warning("Grace", "KillWait is not known")
        }
        for queue in site.queues.values.sorted(by: { $0.name < $1.name }) where queue.grace >= wait {
            return .failure(
                "Grace",
                "[queue.\(queue.name)] promises \(queue.grace) s (grace), and Slurm kills after KillWait "
                    + "(\(wait) s): lower the one or raise the other")
        }
        return .ok("Grace", "payloads are promised less than KillWait (\(wait) s)")
    }

    private func hooks(_ settings: [String: String]) -> [Finding] {
        let flags = settings["PrologFlags", default: ""].split(separator: ",")
        var findings: [Finding] = [
            flags.contains("Alloc") || flags.contains("Contain")
                ? .ok("PrologFlags", flags.joined(separator: ","))
                : .failure(
                    "PrologFlags", "PrologFlags lacks Alloc: machines would be booted by the first step")
        ]
        for (setting, file) in [("Prolog", "prolog"), ("Epilog", "epilog"), ("TaskProlog", "task_prolog")] {
            findings.append(hook(setting, file, settings[setting] ?? "(null)"))
        }
        return findings
    }

    /// A hook that is ours, root's alone to write, and made from the present site.toml.
    private func hook(_ setting: String, _ file: String, _ path: String) -> Finding {
        guard path.hasSuffix("/" + file) else {
            return .warning("Hooks", "\(setting) is \(path): it must call .../libexec/bivouac/slurm/\(file)")
        }
        guard let status = try? Files.status(path), status.kind == .regular, status.mode & 0o111 != 0 else {
            return .failure("Hooks", "\(setting): \(path) is not there or no program: run hooks/install")
        }
        guard status.uid == 0, status.mode & 0o022 == 0 else {
            return .failure("Hooks", "\(path) can be written by others than root: chown root, chmod go-w")
        }
        let directory = Files.parent(path)
        do {
            let files = try SlurmHookFiles(
                directory: directory, root: places.root, cluster: site.cluster,
                partitions: Array(site.queues.keys),
                spool: "/")
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

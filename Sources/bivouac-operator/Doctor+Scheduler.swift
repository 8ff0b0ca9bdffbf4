import Batch
import Job
import JobMachine
import Site
import Unix

// The node's scheduler: its settings, and the hooks that it calls.
extension Doctor {
    var scheduler: [Finding] {
        switch site.scheduler {
        case "slurm": slurm
        case "torque": torque(places.root + "/var/spool/torque/mom_priv")
        case "openpbs": openPBS(places.root + pbsHome + "/mom_priv/hooks")
        default: [.unknown("Scheduler", "nothing is known here of the settings of \(site.scheduler)")]
        }
    }

    /// Where `/etc/pbs.conf` puts OpenPBS.
    private var pbsHome: String {
        let lines = Self.text(places.root + "/etc/pbs.conf")?.split(separator: "\n") ?? []
        return lines.last { $0.hasPrefix("PBS_HOME=") }.map { String($0.dropFirst(9)) } ?? "/var/spool/pbs"
    }

    private static func text(_ path: String) -> String? {
        (try? Files.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) }
    }

    // MARK: Torque

    private func torque(_ home: String) -> [Finding] {
        let path = home + "/config"
        guard let text = Self.text(path) else {
            return [
                .failure("Scheduler", "\(path) cannot be read: pbs_mom would run jobs on the node itself")
            ]
        }
        let settings = TorqueSettings(text)
        var findings = [Finding.ok("Scheduler", "Torque: \(path)")]
        findings += ["prologue", "epilogue"].map { torqueHook($0, home) }
        findings += settings["job_starter"].flatMap { jobStarter($0, text) }.map { [$0] } ?? []
        return findings + settings.findings(for: site, server: try? QmgrSettings.ask())
    }

    /// A hook as pbs_mom takes it: a file of root's that root can run and nobody else can write.
    ///
    /// `NAME.vm` is what `qsub -T vm` asks for.
    private func torqueHook(_ name: String, _ home: String) -> Finding {
        let paths = [name, name + ".vm"].map { "\(home)/\($0)" }.filter { Files.exists($0) }
        guard !paths.isEmpty else {
            return .failure("Hooks", "\(home)/\(name) is not there: hooks/install, and link or copy it there")
        }
        for path in paths {
            guard let status = try? FileDescriptor.open(path, [.read, .nonBlocking]).status(),
                status.kind == .regular, status.uid == 0, status.mode & 0o500 == 0o500,
                status.mode & 0o022 == 0
            else {
                return .failure("Hooks", "pbs_mom does not take \(path): chown root, chmod 0755")
            }
            guard let text = Self.text(path), text.contains("/bivouac-\(name)") else { continue }
            let place = Files.target(ofLink: path) ?? path
            return fits(text, name, place)
                ? .ok("Hooks", path)
                : .failure(
                    "Hooks",
                    "\(path) does not fit site.toml: bivouac doctor --write-hooks \(Files.parent(place))")
        }
        return .warning("Hooks", "\(paths[0]) must call .../libexec/bivouac/bivouac-\(name)")
    }

    /// Whether the lines of a hook that follow from site.toml are as they would be written now.
    private func fits(_ text: String, _ name: String, _ path: String) -> Bool {
        // A site's own hook that calls ours has no such lines.
        guard text.contains(SlurmHookFiles.marker), let files = torqueFiles(Files.parent(path), "") else {
            return true
        }
        return (try? files.rewrite(text, named: name)) == text
    }

    private func torqueFiles(_ directory: String, _ configuration: String) -> TorqueHookFiles? {
        try? TorqueHookFiles(
            directory: directory, root: places.root, cluster: site.cluster, queues: Array(site.queues.keys),
            configuration: configuration)
    }

    /// What is wrong with what pbs_mom puts in the place of shells, and with what that reads beside itself.
    private func jobStarter(_ path: String, _ configuration: String) -> Finding? {
        if let fault = Self.fault(ofRoots: path, .regular) {
            return .failure("Hooks", "$job_starter: \(fault), or run hooks/install")
        }
        let directory = Files.parent(path)
        let words = "\(directory)/\(TorqueHookFiles.jobStarter)"
        guard let files = torqueFiles(directory, configuration) else { return nil }
        return Self.text(words) == files.jobStarterConfiguration
            ? nil
            : .failure("Hooks", "\(words) does not fit site.toml: bivouac doctor --write-hooks \(directory)")
    }

    // MARK: OpenPBS

    private func openPBS(_ home: String) -> [Finding] {
        let path = "\(home)/\(OpenPBSSettings.hook).HK"
        guard let text = Self.text(path) else {
            return [
                .failure(
                    "Scheduler",
                    "\(path) is not there: the server gives no hook of ours to this node (qmgr "
                        + "<\(programs.directory)/openpbs/bivouac.qmgr)")
            ]
        }
        var findings = [Finding.ok("Scheduler", "OpenPBS: \(path)")]
        for (kind, file) in [("PY", "bivouac.py"), ("CF", "bivouac.json")] {
            let (mine, theirs) = (
                "\(programs.directory)/openpbs/\(file)", "\(home)/\(OpenPBSSettings.hook).\(kind)"
            )
            if let content = Self.text(mine), content == Self.text(theirs) { continue }
            findings.append(.failure("Hooks", "\(theirs) is not \(mine): import it again (bivouac.qmgr)"))
        }
        return findings + OpenPBSSettings(text).findings(for: site, server: try? QmgrSettings.ask())
    }
}

import Batch
import Job
import JobMachine
import Site
import Unix

// The node's batch system: its settings, and the hooks that it calls.
extension Doctor {
    var scheduler: [Finding] {
        switch site.scheduler {
        case .slurm: slurm
        case .torque: torque(places.root + HookFiles.mom)
        case .openpbs: openPBS
        case .gridengine, .htcondor:
            [.unknown("Scheduler", "nothing is known here of the settings of \(site.scheduler)")]
                + installedHooks
        }
    }

    /// Where the hooks of the site's batch system are installed.
    var hookDirectory: String { "\(programs.directory)/\(site.scheduler)" }

    /// What follows from site.toml for the hooks of a directory.
    func hookFiles(_ directory: String) throws -> HookFiles {
        try HookFiles(directory, of: site.scheduler, site, root: places.root)
    }

    /// The hooks where they were installed, of a batch system whose settings do not say where it has them.
    private var installedHooks: [Finding] {
        do {
            let files = try hookFiles(hookDirectory)
            return files.scripts.map { hook("\(hookDirectory)/\($0)", $0) }
        } catch {
            return [.failure("Hooks", "\(error)")]
        }
    }

    /// A hook as the batch system takes it, a file of root's that root can run and nobody else can write: ours, as
    /// site.toml has it, or a site's own that calls ours.
    func hook(_ path: String, _ name: String) -> Finding {
        guard let ours = ours(path, name) else {
            return Self.isRoots(path)
                ? .warning("Hooks", "\(path) must call .../libexec/bivouac/\(site.scheduler)/\(name)")
                : Self.notRoots(path)
        }
        for place in [path, ours] where !Self.isRoots(place) { return Self.notRoots(place) }
        do {
            let isInstalled = isOurs(ours, name)
            let files = try hookFiles(isInstalled ? Files.parent(ours) : hookDirectory)
            // A program reads beside itself what a script has in its lines.
            let settings = name + ".conf"
            let (place, file) = files.settings[settings] == nil ? (ours, name) : (ours + ".conf", settings)
            guard let text = HookFiles.text(place), files.fits(text, file) else {
                return .failure(
                    "Hooks",
                    "\(place) does not fit site.toml: bivouac doctor --write-hooks \(files.directory)"
                        + (isInstalled ? "" : ", and copy it there again"))
            }
            return .ok("Hooks", path)
        } catch {
            return .failure("Hooks", "\(path): \(error)")
        }
    }

    private func isOurs(_ path: String, _ name: String) -> Bool {
        path.hasPrefix("/") && path.hasSuffix("/libexec/bivouac/\(site.scheduler)/\(name)")
    }

    /// Our hook that a path leads to or whose script calls, or the path of a copy of it; nil when it is none of these.
    private func ours(_ path: String, _ name: String) -> String? {
        let place = Files.target(ofLink: path) ?? path
        if isOurs(place, name) { return place }
        guard let text = HookFiles.text(path) else { return nil }
        if text.contains(SlurmHookFiles.marker) { return path }
        let words = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .flatMap { $0.split { " \t\"';&|()=".contains($0) } }
        return words.map(String.init).first { isOurs($0, name) }
    }

    private static func isRoots(_ path: String) -> Bool {
        guard let status = try? FileDescriptor.open(path, [.read, .nonBlocking]).status() else {
            return false
        }
        return status.kind == .regular && status.uid == 0 && status.mode & 0o522 == 0o500
    }

    private static func notRoots(_ path: String) -> Finding {
        .failure(
            "Hooks",
            "\(path) must be a file for root to run and to write alone: chown root, chmod 0755, or run "
                + "hooks/install")
    }
}

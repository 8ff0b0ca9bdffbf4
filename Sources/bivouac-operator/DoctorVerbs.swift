import Batch
import Command
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let doctor = [
        Verb(
            "doctor", "", "[--write-hooks DIR [--slurm-conf FILE]]",
            "tells whether this node will run machines, and what to do if not; or writes root, cluster and the "
                + "partitions of site.toml into the hooks in DIR", words: 0...0,
            options: ["write-hooks", "slurm-conf"], run: examine)
    ]

    private static func examine(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        if let directory = arguments["write-hooks"] {
            try writeHooks(tool, directory, arguments["slurm-conf"])
            return ExitStatus.success
        }
        let findings = try doctor(tool).examine()
        try tool.show(
            findings,
            Table.text(
                ["CHECK", "VERDICT", ""], findings.map { [$0.name, $0.verdict.rawValue, $0.message] }))
        let verdicts = Set(findings.map(\.verdict))
        if verdicts.contains(.failure) { return ExitStatus.unavailable }
        return verdicts == [.ok] ? ExitStatus.success : ExitStatus.tryAgain
    }

    private static func doctor(_ tool: Tool) throws -> Doctor {
        let site = try tool.site()
        var trial: Result<Trial.Report, MachineFault>?
        if Process.effectiveUser == 0 {
            let ending = Ending(site: site, places: tool.places, clock: { tool.now })
            trial = Result { () throws(MachineFault) in try Trial.run(ending, before: Deadline(seconds: 30)) }
        }
        return Doctor(
            site: site, places: tool.places, programs: .installed, now: tool.now, trial: trial)
    }

    private static func writeHooks(_ tool: Tool, _ directory: String, _ slurm: String?) throws {
        try tool.requireRoot()
        let site = try tool.site()
        if directory.hasSuffix("/torque") { return try writeTorqueHooks(tool, directory, site) }
        if try writeOtherHooks(tool, directory, site) { return }
        let slurm = slurm ?? Process.environment("SLURM_CONF") ?? SlurmConfiguration.usualPath
        var hooks = try SlurmHookFiles(
            directory: directory, root: tool.places.root, cluster: site.cluster,
            partitions: Array(site.queues.keys),
            spool: try SlurmConfiguration.spool(in: slurm, host: Process.system.host),
            configuration: Files.parent(slurm))
        let runtimes = [SlurmHookFiles.runtime, SlurmHookFiles.oldRuntime]
        try write(runtimes, of: hooks, in: directory)
        // What the task_prolog asks, on a controller that is set up as its nodes are.
        let runtime = try? Files.read(Files.parent(slurm) + "/oci.conf", limit: 1 << 20)
        hooks.steps = try runtimes.contains {
            try Files.read("\(directory)/\($0)", limit: 1 << 20) == runtime
        }
        try write(SlurmHookFiles.names.filter { !runtimes.contains($0) }, of: hooks, in: directory)
        let path = "\(directory)/\(SlurmHookFiles.taskProlog)"
        try Files.write(hooks.taskPrologConfiguration, to: path, mode: 0o644)
        Process.print("\(path): written\n")
    }

    private static func write(_ names: [String], of hooks: SlurmHookFiles, in directory: String) throws {
        for name in names {
            let path = "\(directory)/\(name)"
            guard let status = try Files.status(path), status.kind == .regular else {
                throw Failure(ExitStatus.configuration, "\(path) is not there: run hooks/install first")
            }
            let old = String(decoding: try Files.read(path, limit: 1 << 20), as: UTF8.self)
            let new = try hooks.rewrite(old, named: name)
            if new != old { try Files.write(new, to: path, mode: status.mode) }
            Process.print("\(path): \(new == old ? "unchanged" : "written")\n")
        }
    }
}

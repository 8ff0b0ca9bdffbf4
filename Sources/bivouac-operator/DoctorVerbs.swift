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
                + "queues of site.toml into the hooks in DIR", words: 0...0,
            options: ["write-hooks", "slurm-conf"], run: examine)
    ]

    private static func examine(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        if let directory = arguments["write-hooks"] {
            try writeHooks(tool, directory, slurm: arguments["slurm-conf"])
            return ExitStatus.success
        }
        guard arguments["slurm-conf"] == nil else {
            throw Failure(ExitStatus.usage, "--slurm-conf goes with --write-hooks")
        }
        let findings = Doctor(
            site: try tool.site(), places: tool.places, programs: .installed, now: tool.now
        ).examine()
        try tool.show(
            findings,
            Table.text(
                ["CHECK", "VERDICT", ""], findings.map { [$0.name, $0.verdict.rawValue, $0.message] }))
        return Doctor.status(of: findings)
    }

    private static func writeHooks(_ tool: Tool, _ directory: String, slurm: String?) throws {
        var directory = directory
        while directory.hasSuffix("/") { directory.removeLast() }
        guard let system = BatchSystem(rawValue: String(directory.split(separator: "/").last ?? "")) else {
            let names = BatchSystem.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(
                ExitStatus.usage,
                "--write-hooks takes PREFIX/libexec/bivouac/NAME, not \(directory): NAME is one of \(names)")
        }
        guard slurm == nil || system == .slurm else {
            throw Failure(ExitStatus.usage, "--slurm-conf is for the hooks of Slurm, not of \(system)")
        }
        try tool.requireRoot()
        let usual = Process.environment("SLURM_CONF") ?? SlurmConfiguration.usualPath
        try HookFiles(
            directory, of: system, try tool.site(), root: tool.places.root,
            slurm: system == .slurm ? slurm ?? usual : nil
        ).write()
    }
}

internal import Job

/// The lines of the installed Slurm hooks that follow from `site.toml`, written by `bivouac doctor
/// --write-hooks`: which partitions are ours stands in `site.toml` alone.
package struct SlurmHookFiles: Sendable {
    package static let marker = "written by bivouac doctor --write-hooks"
    /// The files that carry marked lines.
    package static let names = [
        "prolog", "epilog", "health_check", "job_submit.lua", "cli_filter.lua", runtime, oldRuntime,
    ]
    /// oci.conf(5) for Slurm 23.02 and newer, and for 22.05.
    package static let runtime = "oci.conf"
    package static let oldRuntime = "oci-22.05.conf"
    /// What the task_prolog reads, beside itself.
    package static let taskProlog = "task_prolog.conf"

    private let values: [String: String]
    private let partitions: [String]
    private let spool: String
    private let configuration: String
    /// Whether steps can run in machines, which the controller is told; nil leaves what it was told before.
    package var steps: Bool?

    /// `directory` is where the hooks are installed, `PREFIX/libexec/bivouac/slurm`; `root` is empty on a
    /// production node; `spool` is slurmd's `SlurmdSpoolDir`, `configuration` the directory of its slurm.conf.
    package init(
        directory: String, root: String, cluster: String, partitions: [String], spool: String,
        configuration: String = "/etc/slurm",
        scheduler: String = Scheduler.slurm.name
    ) throws(BatchError) {
        let suffix = "/libexec/bivouac/\(scheduler)"
        guard directory.hasPrefix("/"), directory.hasSuffix(suffix) else {
            throw BatchError(.site, "the hooks' directory must be PREFIX\(suffix), not \(directory)")
        }
        let prefix = String(directory.dropLast(suffix.count))
        values = [
            "root": root, "cluster": cluster, "libexec": prefix + "/libexec/bivouac",
            "sbin": prefix + "/sbin",
        ]
        self.partitions = partitions.sorted()
        self.spool = spool
        self.configuration = configuration
        // What is written here is run by shells and Lua as root: nothing that either could read otherwise.
        for word in Array(values.values) + partitions + [spool, configuration] where !Self.isPlain(word) {
            throw BatchError(.site, "'\(word)' cannot stand in a hook: letters, digits and _ . / - only")
        }
        guard !partitions.isEmpty else {
            throw BatchError(.site, "site.toml names no queue: there is nothing to write into the hooks")
        }
    }

    private static func isPlain(_ word: String) -> Bool {
        word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "/"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// The first line that `job_submit.lua` puts in front of a script, without `#!`.
    package var launcher: String {
        let root = values["root"] ?? ""
        return (values["libexec"] ?? "") + "/bivouac-run " + (root.isEmpty ? "--" : "--root=\(root) --")
    }

    /// Content of `task_prolog.conf`.
    package var taskPrologConfiguration: String {
        var lines = ["# \(Self.marker)"]
        lines.append("root \(values["root"] ?? "")")
        lines.append("launcher \(values["libexec"] ?? "")/bivouac-run")
        lines.append("cluster \(values["cluster"] ?? "")")
        lines.append("spool \(spool)")
        lines.append("oci \(configuration)/oci.conf")
        lines += partitions.map { "partition \($0)" }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The text of a hook with its marked lines made anew; a hook without one is no hook of ours.
    package func rewrite(_ text: String, named name: String) throws(BatchError) -> String {
        var found = false
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            guard line.hasSuffix(Self.marker) else {
                lines.append(String(line))
                continue
            }
            found = true
            lines.append(try rewrite(line: line, in: name))
        }
        guard found else {
            throw BatchError(
                .site, "\(name) has no line that ends in '\(Self.marker)': install the hooks anew")
        }
        return lines.joined(separator: "\n")
    }

    private func rewrite(line: Substring, in name: String) throws(BatchError) -> String {
        if line.hasPrefix("local partitions ") {
            let table = partitions.map { "[\"\($0)\"] = true" }.joined(separator: ", ")
            return "local partitions = { \(table) } -- \(Self.marker)"
        }
        if line.hasPrefix("local launcher ") { return "local launcher = \"\(launcher)\" -- \(Self.marker)" }
        if line.hasPrefix("local bundle ") {
            return "local bundle = \"\(values["libexec"] ?? "")/slurm/bundle\" -- \(Self.marker)"
        }
        if line.hasPrefix("local steps ") {
            return steps.map { "local steps = \($0) -- \(Self.marker)" } ?? String(line)
        }
        if line.hasPrefix("RunTimeRun=") {
            let task = name == Self.oldRuntime ? "--bundle=%b --" : "--environment=%e -- %@"
            return "RunTimeRun=\"exec \(launcher.dropLast(2))\(task)\" # \(Self.marker)"
        }
        if line.contains(") ;;") { return partitions.joined(separator: "|") + ") ;; # \(Self.marker)" }
        let assignments = line.prefix { $0 != "#" }.split(separator: " ")
        var words: [String] = []
        for assignment in assignments {
            let variable = String(assignment.prefix { $0 != "=" })
            guard assignment.contains("="), let value = values[variable] else {
                throw BatchError(
                    .site, "\(name): unknown word '\(assignment)' in a line that is to be rewritten")
            }
            words.append("\(variable)=\(value)")
        }
        return words.joined(separator: " ") + " # \(Self.marker)"
    }
}

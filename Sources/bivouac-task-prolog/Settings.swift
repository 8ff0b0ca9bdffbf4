internal import Unix

/// `task_prolog.conf` beside the program: a word and its value a line, written by `bivouac doctor
/// --write-hooks`. Root's file, or nothing runs.
struct Settings {
    private static let longest = 1 << 20

    /// Relocates the node's state; empty on a production node.
    private(set) var root = ""
    /// Absolute path of the launcher.
    private(set) var launcher = ""
    private(set) var cluster = ""
    private(set) var partitions: [String] = []
    /// Directories where slurmd keeps its jobs' scripts.
    private(set) var spools: [String] = []

    init() throws(Refusal) {
        do throws(UnixError) {
            let path = Files.parent(Process.executable) + "/task_prolog.conf"
            try self.init(text: String(decoding: try Self.trusted(path), as: UTF8.self))
        } catch { throw Refusal("the node is not set up: \(error)") }
    }

    private init(text: String) throws(UnixError) {
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let word = line.prefix { $0 != " " }
            let value = String(line.dropFirst(word.count + 1))
            switch word {
            case "root": root = value
            case "launcher": launcher = value
            case "cluster": cluster = value
            case "partition": partitions.append(value)
            case "spool": spools.append(value)
            default: throw UnixError("read", UnixError.invalid, "task_prolog.conf")
            }
        }
        guard launcher.hasPrefix("/"), !cluster.isEmpty, !partitions.isEmpty else {
            throw UnixError("read", UnixError.invalid, "task_prolog.conf")
        }
    }

    /// The first line of a script that the launcher runs.
    var launcherLine: String { "#!\(launcher) " + (root.isEmpty ? "--" : "--root=\(root) --") }

    /// Where a job's script may lie: as configured here, or else as the cluster's slurm.conf says.
    func scripts(of job: String) -> [String] {
        let spools = spools.isEmpty ? [Self.spoolOfSlurm()] : spools
        let name = String(repeating: "0", count: max(0, 5 - job.utf8.count)) + job
        return spools.map { "\($0)/job\(name)/slurm_script" }
    }

    /// `SlurmdSpoolDir` of slurm.conf(5).
    private static func spoolOfSlurm() -> String {
        let path = Process.environment("SLURM_CONF") ?? "/etc/slurm/slurm.conf"
        let text = (try? trusted(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let name = "slurmdspooldir="
        let value = text.split(separator: "\n").last { $0.lowercased().hasPrefix(name) }
            .map { String($0.dropFirst(name.count).prefix { $0 != " " && $0 != "\t" && $0 != "#" }) }
        let node = Process.environment("SLURMD_NODENAME") ?? ""
        let host = Process.system.host.prefix { $0 != "." }
        return (value ?? "/var/spool/slurmd").split(separator: "%", omittingEmptySubsequences: false)
            .enumerated().map { index, part in
                switch index == 0 ? nil : part.first {
                case "n": node + String(part.dropFirst())
                case "h": String(host) + String(part.dropFirst())
                default: index == 0 ? String(part) : "%" + String(part)
                }
            }.joined()
    }

    /// A file that nobody but root can have written.
    private static func trusted(_ path: String) throws(UnixError) -> [UInt8] {
        let file = try FileDescriptor.open(path, [.read, .nonBlocking])
        let status = try file.status()
        guard status.kind == .regular, status.uid == 0, status.mode & 0o022 == 0 else {
            throw UnixError("open", UnixError.notPermitted, path)
        }
        return try file.readAll(limit: longest)
    }
}

/// Why a task must not run on this node.
struct Refusal: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

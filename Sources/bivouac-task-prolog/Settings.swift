internal import Unix

/// `task_prolog.conf` beside the program: a word and its value a line, written by `bivouac doctor
/// --write-hooks`.
///
/// Root's file, or nothing runs.
struct Settings {
    private static let longest = 1 << 20

    /// Relocates the node's state; empty on a production node.
    private(set) var root = ""
    /// Absolute path of the launcher.
    private(set) var launcher = ""
    private(set) var cluster = ""
    private(set) var partitions: [String] = []
    /// `SlurmdSpoolDir`: taken from a file of root's and not from slurm.conf, which the environment names.
    private(set) var spool = ""

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
            case "spool": spool = value
            default: throw UnixError("read", UnixError.invalid, "task_prolog.conf")
            }
        }
        guard launcher.hasPrefix("/"), spool.hasPrefix("/"), !cluster.isEmpty, !partitions.isEmpty else {
            throw UnixError("read", UnixError.invalid, "task_prolog.conf")
        }
    }

    /// The first line of a script that the launcher runs.
    var launcherLine: String { "#!\(launcher) " + (root.isEmpty ? "--" : "--root=\(root) --") }

    /// Where slurmd puts the script of a job.
    func script(of job: String) -> String {
        let number = String(repeating: "0", count: max(0, 5 - job.utf8.count)) + job
        return "\(spool)/job\(number)/slurm_script"
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

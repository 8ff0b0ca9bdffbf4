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
    /// Slurm's oci.conf, which says what runs a step that names a container.
    private var oci = ""

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
            case "oci": oci = value
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
        "\(spool)/job\(Self.five(job))/slurm_script"
    }

    /// Whether slurmstepd, as root, has made the launcher the runtime of this step's container: then it runs the
    /// launcher and nothing of the step's own.
    ///
    /// Slurm makes a directory for such a step in its spool, and takes it away at the step's end; 22.05 leaves it
    /// where somebody has put something in, but never the file that is root's.
    func isContained(_ step: Step) -> Bool {
        let directory = Files.parent(Process.executable)
        guard let runtime = try? Self.trusted(oci) else { return false }
        if runtime == (try? Self.trusted(directory + "/oci.conf")) {
            let place = "\(spool)/oci-job\(step.job)-\(step.name)"
            return (try? Files.status(place))?.kind == .directory
        }
        if runtime == (try? Self.trusted(directory + "/oci-22.05.conf")) {
            let place = "\(spool)/oci-job\(Self.five(step.job))-\(Self.five(step.name))"
            guard let file = try? Files.status(place + "/config.json") else { return false }
            return file.kind == .regular && file.uid == 0
        }
        return false
    }

    /// A number as `%05u` prints it.
    private static func five(_ number: String) -> String {
        String(repeating: "0", count: max(0, 5 - number.utf8.count)) + number
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

internal import Job
internal import Unix

/// The launcher under the name `job_starter`: MOM of Torque starts it in a program's place, with that program and its
/// arguments behind the name (`$job_starter` of pbs_mom(8)), and so does that of OpenPBS after our hook.
///
/// For a batch script the program is the job's shell, whose standard input is a pipe with one line: the path of the
/// script and its arguments. A task that the job starts through TM has a socket or nothing there. MOM sets PBS_JOBID
/// and PBS_QUEUE after the user's own variables.
struct JobStarter {
    static let name = "job_starter"
    private static let longestLine = 64 << 10

    private let settings: JobStarterSettings
    /// The program and its arguments.
    private let words: [[UInt8]]
    private let queue: String
    let job: JobID

    var root: String { settings.root }

    /// Nil when the launcher goes by another name.
    init?() throws(Failure) {
        let executable = Process.executable
        guard executable.hasSuffix("/" + Self.name) else { return nil }
        settings = try JobStarterSettings(executable + ".conf")
        words = Array(try commandLine().dropFirst())
        guard !words.isEmpty, !words[0].isEmpty else {
            throw Failure(.usage, "usage: \(Self.name) PROGRAM [ARGUMENT...], as MOM's $job_starter")
        }
        guard let id = Process.environment("PBS_JOBID").flatMap({ JobID(pbs: $0) }),
            let queue = Process.environment("PBS_QUEUE")
        else { throw Failure(.configuration, "no job: PBS_JOBID and PBS_QUEUE name none") }
        job = id
        self.queue = queue
    }

    /// Becomes the program, as if MOM had started it, when the job is not ours; returns when it is.
    func stepAside() throws(Failure) {
        // A job has its machine also when its queue has been taken from site.toml since.
        guard !settings.queues.contains(queue), LiveJob.keys(of: job, root: root).isEmpty else { return }
        let arguments = [isShell ? shellName : words[0]] + words.dropFirst()
        let environment = Process.environmentBytes()
        var code = UnixError.noEntry
        // As execvp(3) does, with a program that is no path and with a script that names no interpreter.
        for path in isShell ? [words[0]] : Self.places(of: words[0]) {
            guard let program = BytePath(path) else { continue }
            code = Execution(path: program, arguments: arguments, environment: environment).perform()
            if code == UnixError.noFormat, let shell = BytePath(Array("/bin/sh".utf8)) {
                code = Execution(
                    path: shell, arguments: [shell.bytes, path] + words.dropFirst(), environment: environment
                ).perform()
            }
        }
        let name = String(decoding: words[0], as: UTF8.self)
        throw Failure(.configuration, "\(name): \(Process.reason(code))")
    }

    private static func places(of name: [UInt8]) -> [[UInt8]] {
        if name.contains(UInt8(ascii: "/")) { return [name] }
        let search = Process.environment("PATH") ?? "/bin:/usr/bin"
        return search.split(separator: ":").map { Array($0.utf8) + [UInt8(ascii: "/")] + name }
    }

    /// Whether the program is the job's own shell, and no task through TM.
    private var isShell: Bool {
        [.pipe, .terminal].contains(Descriptors.kind(0)) || Self.isScript(words[words.count - 1])
    }

    private static func isScript(_ path: [UInt8]) -> Bool { path.suffix(3).elementsEqual(".SC".utf8) }

    /// What MOM would have called the shell: by login(1)'s rule one that begins with a hyphen reads its user's
    /// profile.
    private var shellName: [UInt8] {
        let isLogin =
            Descriptors.kind(0) == .terminal ? settings.isInteractiveLogin : settings.isLogin
        return (isLogin ? [UInt8(ascii: "-")] : []) + Self.base(words[0])
    }

    private static func base(_ path: [UInt8]) -> [UInt8] {
        Array(path.split(separator: UInt8(ascii: "/")).last ?? [])
    }

    /// The job's shell, with the job's script or on a terminal, and nothing else; `known` is where the prologue was told
    /// the script lies.
    func task(script known: String?) throws(Failure) -> Task {
        // The shell of an interactive job stands on a terminal, and has no script; `qsub -x` gives it a command.
        if Descriptors.kind(0) == .terminal, let shell = BytePath(words[0]), shell.isAbsolute {
            return Task(arguments: [shellName] + words.dropFirst(), program: shell, script: nil)
        }
        var input: [UInt8] = []
        // With --enable-shell-use-argv MOM gives the path as the last argument.
        var line = words.count > 1 ? words[words.count - 1] : []
        if line.isEmpty, Descriptors.kind(0) == .pipe {
            input = try Self.firstLine()
            line = input
        }
        let (directory, path) = Self.command(line)
        guard let path, isOurs(path, known), let shell = BytePath(words[0]), shell.isAbsolute else {
            throw Failure(
                .configuration,
                "queue \(queue) runs batch scripts alone, each in a machine of its own: "
                    + "no tasks through TM (pbsdsh, mpiexec)")
        }
        return Task(
            arguments: [shellName] + words.dropFirst(), program: shell, script: try Script(whole: path),
            input: input, directory: directory)
    }

    /// The script that MOM tells a shell to run, and the directory that it is to go to before.
    ///
    /// `exec` is what Torque's $exec_with_exec puts in front, `cd DIRECTORY;` what `qsub -W sandbox=PRIVATE` of OpenPBS
    /// does, which also puts a backslash in front of each bracket.
    private static func command(_ line: [UInt8]) -> (directory: BytePath?, script: BytePath?) {
        var command = line.prefix { $0 != 0x0A }
        var directory: BytePath?
        if command.starts(with: "exec ".utf8) { command = command.dropFirst(5) }
        if command.starts(with: "cd ".utf8), let semicolon = command.lastIndex(of: UInt8(ascii: ";")) {
            directory = BytePath(Array(command[..<semicolon].dropFirst(3)))
            command = command[(semicolon + 1)...]
        }
        let path = command.prefix { $0 != UInt8(ascii: " ") }.filter { $0 != UInt8(ascii: "\\") }
        return (directory, BytePath(Array(path)))
    }

    /// Whether a file is the script of this job: the one the prologue was told of, or, where an older MOM tells no
    /// prologue, one with the name that MOM gives it.
    private func isOurs(_ path: BytePath, _ known: String?) -> Bool {
        if let known { return path.bytes.elementsEqual(known.utf8) }
        return path.isAbsolute && Self.isScript(path.bytes)
            && Self.base(path.bytes).starts(with: job.description.utf8)
    }

    /// What MOM has written into the shell's standard input, at least to the end of its first line.
    private static func firstLine() throws(Failure) -> [UInt8] {
        try failing { () throws(UnixError) in
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while !bytes.contains(0x0A), bytes.count < longestLine {
                let outcome = try Transfer.read(from: 0, into: &buffer, at: 0, upTo: buffer.count)
                guard case .bytes(let count) = outcome else { break }
                bytes += buffer.prefix(count)
            }
            return bytes
        }
    }
}

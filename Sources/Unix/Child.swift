internal import CLinux

/// A child process that is run to its end with a bound on its time and on what it may say; ended by force when
/// the value goes before that.
package struct Child: ~Copyable {
    /// How the child ended.
    package enum End: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        /// It was killed because its time or its output passed the bound.
        case overTime
        case overOutput
    }

    /// What a child left.
    package struct Result: Sendable {
        package var end: End
        package var output: [UInt8]
        package var errors: [UInt8]

        package var succeeded: Bool { end == .exited(0) }
    }

    private let pid: pid_t
    private let output: FileDescriptor
    private let errors: FileDescriptor
    private let deadline: Deadline
    private let outputLimit: Int
    private var isOver = false

    private init(
        pid: pid_t, output: consuming FileDescriptor, errors: consuming FileDescriptor, deadline: Deadline,
        outputLimit: Int
    ) {
        self.pid = pid
        self.output = output
        self.errors = errors
        self.deadline = deadline
        self.outputLimit = outputLimit
    }

    deinit {
        guard !isOver else { return }
        _ = try? Self.wait(for: pid, until: deadline, bound: .overTime)
    }

    /// Starts a program by its absolute path, in a session of its own, with exactly this environment, reading
    /// nothing; `wait` is to follow within the time.
    ///
    /// It has the descriptors, from 3 on. Where `target` is given its output goes there, and to nobody else.
    ///
    /// The corresponding C function is `posix_spawn`.
    package static func start(
        _ path: String, _ arguments: [String], environment: [String] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
        descriptors: [Int32] = [], output target: Int32? = nil, seconds: Int, outputLimit: Int = 1 << 20
    ) throws(UnixError) -> Child {
        let output = try Pipe()
        let errors = try Pipe()
        let pid = try spawn(
            path, arguments, environment, output: target ?? output.writer.rawValue,
            errors: errors.writer.rawValue,
            descriptors)
        return Child(
            pid: pid, output: output.intoReader(), errors: errors.intoReader(),
            deadline: Deadline(seconds: seconds), outputLimit: outputLimit)
    }

    /// Starts a program and waits for it.
    package static func run(
        _ path: String, _ arguments: [String], environment: [String] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],
        descriptors: [Int32] = [], seconds: Int, outputLimit: Int = 1 << 20
    ) throws(UnixError) -> Result {
        var child = try start(
            path, arguments, environment: environment, descriptors: descriptors, seconds: seconds,
            outputLimit: outputLimit)
        return try child.wait()
    }

    /// What the child says until its end.
    package mutating func wait() throws(UnixError) -> Result {
        var result = Result(end: .exited(0), output: [], errors: [])
        var bound: End?
        var open = [output.rawValue: true, errors.rawValue: true]
        while open.values.contains(true) {
            var set = open.filter(\.value).keys.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let count = unsafe poll(&set, UInt(set.count), Int32(deadline.milliseconds))
            if count == 0 {
                bound = .overTime
                break
            }
            for one in set where one.revents != 0 {
                let isOutput = one.fd == output.rawValue
                let bytes = isOutput ? try output.read(upTo: 1 << 16) : try errors.read(upTo: 1 << 16)
                if bytes.isEmpty { open[one.fd] = false }
                if isOutput { result.output += bytes } else { result.errors += bytes }
            }
            if result.output.count > outputLimit || result.errors.count > outputLimit {
                bound = .overOutput
                break
            }
        }
        result.end = try Self.wait(for: pid, until: deadline, bound: bound)
        isOver = true
        return result
    }

    private static func wait(for pid: pid_t, until deadline: Deadline, bound: End?) throws(UnixError) -> End {
        var bound = bound
        while true {
            var status: Int32 = 0
            if bound != nil { kill(-pid, SIGKILL) }
            let flags = bound == nil ? WNOHANG : 0
            let ended = try checked("waitpid") { unsafe waitpid(pid, &status, flags) }
            if ended == pid {
                if let bound { return bound }
                return linux_wifexited(status) != 0
                    ? .exited(linux_wexitstatus(status)) : .killed(signal: linux_wtermsig(status))
            }
            if deadline.isOver { bound = .overTime } else { Deadline.sleep(milliseconds: 1) }
        }
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ environment: [String], output: Int32, errors: Int32,
        _ descriptors: [Int32]
    ) throws(UnixError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var copies: [Int32] = []
        defer { copies.forEach { _ = close($0) } }
        try unsafe handDown(descriptors, from: 3, &actions, &copies)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigfillset(&defaults)
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | linux_posix_spawn_setsid
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        var pid: pid_t = 0
        let code = unsafe withCStrings([path] + arguments) { argv in
            unsafe withCStrings(environment) { envp in
                unsafe posix_spawn(&pid, path, &actions, &attributes, argv, envp)
            }
        }
        guard code == 0 else { throw UnixError("posix_spawn", code, path) }
        return pid
    }
}

/// Gives a child the descriptors under the numbers from `first` on; the copies made for it are to be closed when the
/// child has been started.
func handDown(
    _ descriptors: [Int32], from first: Int32, _ actions: inout posix_spawn_file_actions_t,
    _ copies: inout [Int32]
) throws(UnixError) {
    // Out of the way first, so that none takes another's place before that one was copied.
    let clear = first + Int32(descriptors.count)
    for descriptor in descriptors {
        copies.append(try checked("fcntl") { linux_fcntl(descriptor, F_DUPFD_CLOEXEC, clear) })
    }
    for (index, copy) in copies.enumerated() {
        unsafe posix_spawn_file_actions_adddup2(&actions, copy, first + Int32(index))
    }
}

/// The two ends of a pipe.
package struct Pipe: ~Copyable {
    package let reader: FileDescriptor
    package let writer: FileDescriptor

    /// The corresponding C function is `pipe2`.
    package init() throws(UnixError) {
        var ends: [Int32] = [0, 0]
        try checked("pipe2") { unsafe linux_pipe2(&ends, O_CLOEXEC) }
        reader = FileDescriptor(owning: ends[0])
        writer = FileDescriptor(owning: ends[1])
    }

    /// Closes the writing end.
    package consuming func intoReader() -> FileDescriptor { reader }

    /// Closes the reading end.
    package consuming func intoWriter() -> FileDescriptor { writer }
}

/// The strings as a C array that ends in a null pointer, valid inside the body.
func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe copies.forEach { unsafe free($0) } }
    return unsafe copies.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else {
            preconditionFailure("an array with a terminator is not empty")
        }
        return unsafe body(base)
    }
}

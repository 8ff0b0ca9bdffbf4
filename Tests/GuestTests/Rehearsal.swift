import Foundation
import Guest
import GuestProtocol
import Job
import TestSupport
import Unix

/// What a launcher said and how it ended; a negative status is a signal.
struct Outcome {
    var status: Int32
    var output: Data
    var errors: String
    var text: String { String(decoding: output, as: UTF8.self) }
}

/// A job directory with a record, an agent behind its socket, and the launcher as the kernel starts it: the
/// whole way of a payload but for the machine.
///
/// The agent lives in a mount namespace of its own, where the script's directory is empty as in a machine.
final class Rehearsal: @unchecked Sendable {
    static let uid: UInt32 = 23_456
    static let gid: UInt32 = 23_457
    static let group: UInt32 = 23_458

    let scratch: String
    let jobDirectory: String
    var socketPath: String { jobDirectory + "/payload.sock" }
    private let listener: Int32
    /// The agent's end of its control port, and ours.
    private let controlEnds: (agent: Int32, host: Int32)
    /// Where the agent publishes the job's features; nil for nowhere.
    var features: FeatureTree?
    var grace: Int?
    var payload = PayloadSource.job
    var listening = ListeningRule.note
    var unmet: AgentError?
    /// The thread that the agent is, once it takes a signal for its guest's shutdown.
    private var thread: pthread_t?
    /// Whether there is a place for what passes between agent and payload beside the streams.
    var hasDirectory = false
    var payloadDirectory: String { scratch + "/job" }
    /// Where the launcher is started; nil for the test's own directory.
    var directory: String?
    private let lock = NSLock()
    private var isOver = false
    private let connected = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    static let products = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
    static let launcher = products + "/bivouac-run"

    init(scratch: String) throws {
        let scratch = scratch.replacingOccurrences(of: "//", with: "/")
        self.scratch = scratch
        jobDirectory = scratch + "/run/bivouac/jobs/test-7"
        try Files.changeMode(scratch, 0o755)
        try Files.makeDirectories(jobDirectory, mode: 0o755)
        try Files.makeDirectory(scratch + "/spool", mode: 0o755)
        try Files.makeDirectory(scratch + "/desk", mode: 0o755)
        try Files.makeDirectory(scratch + "/agent", mode: 0o700)
        var pair: [Int32] = [0, 0]
        _ = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        controlEnds = (pair[0], pair[1])
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: socketPath.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(listener, __CONST_SOCKADDR_ARG(__sockaddr__: $0), size)
            }
        }
        guard bound == 0, listen(listener, 4) == 0 else { throw UnixError("bind", errno, socketPath) }
        try record("running")
    }

    /// Writes the record that the launcher reads.
    func record(_ phase: String, uid: UInt32 = 0, more: String = "") throws {
        try Files.write(
            #"{"phase":"\#(phase)","uid":\#(uid)\#(more)}"#, to: jobDirectory + "/record.json", mode: 0o644)
    }

    /// Accepts one launcher after the other, as a machine does, until the rehearsal is over.
    func startAgent() {
        Thread.detachNewThread { [self] in
            // A launcher that is killed hangs up while the agent writes; in a machine nobody can.
            var pipe = sigset_t()
            unsafe sigemptyset(&pipe)
            unsafe sigaddset(&pipe, SIGPIPE)
            unsafe pthread_sigmask(SIG_BLOCK, &pipe, nil)
            enterNamespace()
            serve()
            finished.signal()
        }
    }

    /// Accepts one launcher and answers it with these bytes, then hangs up.
    func startImpostor(_ answer: [UInt8]) {
        Thread.detachNewThread { [self] in
            let connection = acceptOne()
            _ = unsafe answer.withUnsafeBytes { unsafe write(connection, $0.baseAddress, $0.count) }
            close(connection)
            finished.signal()
        }
    }

    func end() {
        lock.withLock { isOver = true }
        shutdown(listener, Int32(SHUT_RDWR))
        finished.wait()
        close(listener)
        close(controlEnds.host)
    }

    /// Says something to the agent as root on the host does, and waits for the answer of that kind.
    @discardableResult
    func command(_ kind: FrameKind, _ body: [UInt8] = [], awaiting answer: FrameKind) throws -> [UInt8] {
        var writer = FrameWriter()
        writer.append(kind, body)
        let bytes = writer.take()
        _ = unsafe bytes.withUnsafeBytes { unsafe write(controlEnds.host, $0.baseAddress, $0.count) }
        var reader = FrameReader(accepting: .fromControl)
        let deadline = Deadline(seconds: 10)
        while !deadline.isOver {
            guard Poll.now(controlEnds.host, .readable).contains(.readable) else {
                usleep(5_000)
                continue
            }
            _ = try reader.fill(from: controlEnds.host)
            while let frame = try reader.next() {
                if frame.kind == answer { return Array(reader.bytes[frame.body]) }
            }
        }
        throw UnixError("poll", UnixError.timedOut, "\(answer)")
    }

    /// Does to the agent what a guest's shutdown does.
    func shutDown() {
        if let thread = lock.withLock({ thread }) { pthread_kill(thread, SIGUSR2) }
    }

    private func acceptOne() -> Int32 {
        var address = sockaddr()
        var size = socklen_t(MemoryLayout<sockaddr>.size)
        return unsafe withUnsafeMutablePointer(to: &address) {
            unsafe accept(listener, __SOCKADDR_ARG(__sockaddr__: $0), &size)
        }
    }

    /// Waits until the agent has its launcher.
    func awaitLauncher() { connected.wait() }

    private func serve() {
        let connection = acceptOne()
        connected.signal()
        guard connection >= 0 else { return }
        _ = fcntl(connection, F_SETFL, fcntl(connection, F_GETFL) | O_NONBLOCK)
        let control = controlEnds.agent
        _ = fcntl(control, F_SETFL, fcntl(control, F_GETFL) | O_NONBLOCK)
        let surroundings = Agent.Surroundings(
            identity: Identity(uid: Self.uid, gid: Self.gid, groups: [Self.gid, Self.group]),
            variables: [("MACHINEFEATURES", "/etc/machinefeatures"), ("JOBFEATURES", "/etc/jobfeatures")],
            features: features, grace: grace, listening: listening, payload: payload,
            program: Self.products + "/bivouac-guest",
            directory: scratch + "/agent",
            ready: Ready(agent: "test", kernel: "test", uptime: 1), unmet: unmet)
        var directory: PayloadDirectory?
        if hasDirectory {
            try? Files.makeDirectory(payloadDirectory, mode: 0o755)
            directory = try? PayloadDirectory.make(in: payloadDirectory, for: surroundings.identity)
        }
        guard
            var agent = try? Agent(
                control: FileDescriptor(owning: control), payload: FileDescriptor(owning: connection),
                console: Console(path: "/dev/null"), directory: directory,
                shutdown: payload == .image ? try? SignalQueue([Signals.user2]) : nil,
                surroundings: surroundings)
        else { return }
        lock.withLock { thread = pthread_self() }
        while !lock.withLock({ isOver }) { agent.step(atMost: 20) }
        // Whatever payload is left ends with its launcher.
        for _ in 0..<600 where !agent.isIdle { agent.step(atMost: 20) }
    }

    private typealias Unshare = @convention(c) (Int32) -> Int32
    private typealias Mount =
        @convention(c) (
            UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UInt, UnsafeRawPointer?
        )
        -> Int32

    private func enterNamespace() {
        let library = unsafe dlopen(nil, RTLD_NOW)
        let unshare = unsafe unsafeBitCast(dlsym(library, "unshare"), to: Unshare.self)
        let mount = unsafe unsafeBitCast(dlsym(library, "mount"), to: Mount.self)
        // CLONE_NEWNS | CLONE_FS; MS_REC | MS_PRIVATE.
        precondition(unshare(0x0002_0000 | 0x200) == 0)
        precondition(unsafe mount(nil, "/", nil, 0x4000 | 0x40000, nil) == 0)
        for name in ["spool", "desk"] {
            precondition(unsafe mount("tmpfs", "\(scratch)/\(name)", "tmpfs", 0, nil) == 0)
        }
    }
}

extension Rehearsal {
    /// Writes a wrapped script as a batch system does; its path.
    func script(_ text: String, interpreterLine: String? = nil) throws -> String {
        try script(Data(text.utf8), interpreterLine: interpreterLine)
    }

    func script(_ text: Data, interpreterLine: String? = nil) throws -> String {
        let directory = scratch + "/spool/job00007"
        try Files.makeDirectories(directory, mode: 0o755)
        let path = directory + "/slurm_script"
        let line = interpreterLine ?? "#!\(Self.launcher) --root=\(scratch) --\n"
        try (Data(line.utf8) + text).write(to: URL(fileURLWithPath: path))
        try Files.changeMode(path, 0o700)
        return path
    }

    /// A launcher that has been started and runs.
    func start(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = [:],
        input: FileHandle = .nullDevice, output: Any? = nil, errors: Any? = nil
    ) throws -> Foundation.Process {
        // Another test may be starting a program at this moment, and then has the script open for writing too.
        for _ in 0..<50 {
            if let process = try? launch(path, arguments, environment, input, output, errors) {
                return process
            }
            usleep(20_000)
        }
        return try launch(path, arguments, environment, input, output, errors)
    }

    private func launch(
        _ path: String, _ arguments: [String], _ environment: [String: String], _ input: FileHandle,
        _ output: Any?, _ errors: Any?
    ) throws -> Foundation.Process {
        let process = Foundation.Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.environment = ["PATH": "/usr/bin:/bin", "SLURM_JOB_ID": "7", "LC_ALL": "C"]
            .merging(environment) { _, own in own }
        process.standardInput = input
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = errors ?? FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs a wrapped script through launcher and agent to its end; a negative status is a signal.
    func run(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = [:],
        input: FileHandle = .nullDevice
    ) throws -> Outcome {
        let files = ["output", "errors"].map { URL(fileURLWithPath: "\(scratch)/\($0)") }
        for file in files { try Data().write(to: file) }
        let process = try start(
            path, arguments, environment: environment, input: input,
            output: try FileHandle(forWritingTo: files[0]), errors: try FileHandle(forWritingTo: files[1]))
        process.waitUntilExit()
        return Outcome(
            status: process.terminationReason == .exit
                ? process.terminationStatus : -process.terminationStatus,
            output: try Data(contentsOf: files[0]),
            errors: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self))
    }
}

/// Runs a body with an agent waiting for its launcher.
func withAgent<Result>(_ body: (Rehearsal) throws -> Result) throws -> Result {
    try withScratch { scratch in
        let rehearsal = try Rehearsal(scratch: scratch)
        rehearsal.startAgent()
        defer { rehearsal.end() }
        return try body(rehearsal)
    }
}

internal import GuestProtocol
internal import Unix

/// The running payload: its processes and its three streams.
struct Payload: ~Copyable {
    var process: SpawnedProcess
    var processes: PayloadProcesses
    var input: InputPipe
    var output: OutputPipe
    var errors: OutputPipe
    /// Whether its three streams are one terminal.
    let hasTerminal: Bool

    private init(
        _ process: consuming SpawnedProcess, _ processes: PayloadProcesses, input: consuming InputPipe,
        output: consuming OutputPipe, errors: consuming OutputPipe, hasTerminal: Bool
    ) {
        self.processes = processes
        self.processes.leader = process.id
        self.process = process
        self.input = input
        self.output = output
        self.errors = errors
        self.hasTerminal = hasTerminal
    }

    /// Starts the program that becomes the payload, by `program`, leaving the order in `directory` for a
    /// moment; its streams are a terminal of that size, or pipes.
    static func start(
        _ launch: LaunchOrder, as identity: Identity, program: String, directory: String,
        terminal size: TerminalSize?
    ) throws(UnixError) -> Payload {
        let processes = PayloadProcesses()
        let bytes = PayloadOrder(identity: identity, controlGroup: processes.group, launch: launch).bytes
        let order = try hidden(bytes, in: directory)
        if let size { return try start(program, order, processes, for: identity, size) }
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        // So that the payload can open /dev/stdin, /dev/stdout and /dev/stderr.
        try input.reader.changeOwner(uid: identity.uid, gid: identity.gid)
        try output.writer.changeOwner(uid: identity.uid, gid: identity.gid)
        try errors.writer.changeOwner(uid: identity.uid, gid: identity.gid)
        let process = try spawn(
            program, [input.reader.rawValue, output.writer.rawValue, errors.writer.rawValue, order.rawValue])
        return Payload(
            process, processes, input: try InputPipe(input.intoWriter()),
            output: try OutputPipe(.stdout, output.intoReader()),
            errors: try OutputPipe(.stderr, errors.intoReader()), hasTerminal: false)
    }

    private static func start(
        _ program: String, _ order: borrowing FileDescriptor, _ processes: PayloadProcesses,
        for identity: Identity, _ size: TerminalSize
    ) throws(UnixError) -> Payload {
        let pair = try PseudoTerminal()
        try pair.terminal.changeOwner(uid: identity.uid, gid: identity.gid)
        try pair.terminal.changeMode(0o600)
        try size.apply(to: pair.terminal.rawValue)
        let terminal = pair.terminal.rawValue
        let process = try spawn(program, [terminal, terminal, terminal, order.rawValue])
        let input = try pair.controller.duplicate()
        return Payload(
            process, processes, input: try InputPipe(input, isTerminal: true),
            output: try OutputPipe(.stdout, pair.intoController()), errors: OutputPipe(closed: .stderr),
            hasTerminal: true)
    }

    private static func spawn(_ program: String, _ descriptors: [Int32]) throws(UnixError) -> SpawnedProcess {
        try SpawnedProcess.start(
            program, [PayloadProgram.name], environment: ["SWIFT_ROOT=/"], descriptors: descriptors)
    }

    /// Gives the payload's terminal another size; nothing where it has none.
    func resize(_ size: TerminalSize) {
        guard hasTerminal, output.isOpen else { return }
        try? size.apply(to: output.rawValue)
    }

    /// A file with these bytes that has no name any more, to be read from its start.
    private static func hidden(_ bytes: [UInt8], in directory: String) throws(UnixError) -> FileDescriptor {
        let path = "\(directory)/order-\(Process.id)"
        let writer = try FileDescriptor.open(path, [.write, .create, .exclusive, .noFollow], mode: 0o600)
        let reader = try FileDescriptor.open(path, [.read, .noFollow])
        try Files.remove(path)
        try writer.write(bytes)
        return reader
    }
}

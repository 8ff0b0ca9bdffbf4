internal import GuestProtocol
internal import Unix

/// The running payload: its processes and its three streams.
struct Payload: ~Copyable {
    var process: SpawnedProcess
    var processes: PayloadProcesses
    var input: InputPipe
    var output: OutputPipe
    var errors: OutputPipe

    /// Starts the program that becomes the payload, by `program`, leaving the order in `directory` for a
    /// moment.
    static func start(
        _ launch: LaunchOrder, as identity: Identity, program: String, directory: String
    ) throws(UnixError) -> Payload {
        var processes = PayloadProcesses()
        let order = PayloadOrder(identity: identity, controlGroup: processes.group, launch: launch)
        let orderFile = try hidden(order.bytes, in: directory)
        let input = try Pipe()
        let output = try Pipe()
        let errors = try Pipe()
        // So that the payload can open /dev/stdin, /dev/stdout and /dev/stderr.
        try input.reader.changeOwner(uid: identity.uid, gid: identity.gid)
        try output.writer.changeOwner(uid: identity.uid, gid: identity.gid)
        try errors.writer.changeOwner(uid: identity.uid, gid: identity.gid)
        let process = try SpawnedProcess.start(
            program, [PayloadProgram.name], environment: ["SWIFT_ROOT=/"],
            descriptors: [
                input.reader.rawValue, output.writer.rawValue, errors.writer.rawValue, orderFile.rawValue,
            ])
        processes.leader = process.id
        return Payload(
            process: process, processes: processes, input: try InputPipe(input.intoWriter()),
            output: try OutputPipe(.stdout, output.intoReader()),
            errors: try OutputPipe(.stderr, errors.intoReader()))
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

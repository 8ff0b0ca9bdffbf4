internal import Job
internal import Site
internal import Unix

/// The process that serves a directory to a machine (virtiofsd).
///
/// It belongs to the machine: it ends when QEMU hangs up, and one that no QEMU has called yet when somebody else does.
/// As long as it lives it holds a lock, so that whoever comes later can tell.
package struct ShareServer {
    let machine: MachineDirectory
    let number: Int

    /// Where QEMU's server is on the systems that have it.
    private static let programs = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"]
    /// The one that this node has; nil for none.
    package static var installed: String? { programs.first { Files.exists($0) } }

    /// What it says when QEMU may call.
    private static let ready = "Waiting for vhost-user socket connection"
    /// Status of a user who cannot go into the directory; sysexits.h.
    private static let noInput: UInt8 = 66
    /// Seconds for it to be ready: the directory may lie on another machine.
    private static let patience = 30
    /// Milliseconds for it to end by itself, and then by force.
    private static let time = (own: 3000, forced: 3000)

    /// Starts the server for the directory, with the rights of the job's user; where the directory is after all links.
    ///
    /// `program` is `bivouac-share`; QEMU's account alone may call.
    func start(
        _ shared: HostFiles.Directory, for user: Account, _ program: String, qemu: UInt32,
        _ deadline: Deadline
    )
        throws(MachineFault) -> String
    {
        guard let server = Self.installed else {
            throw .refused(
                Refusal(
                    .UnsupportedSetting,
                    "this node has no virtiofsd (\(Self.programs.joined(separator: ", "))), by which machines see its "
                        + "directories"))
        }
        let deadline = deadline.orSooner(seconds: Self.patience)
        let words = try atNode("could not share \(shared.path)") { () throws(UnixError) in
            try spawn(
                program,
                ["\(user.uid)", "\(user.gid)", shared.path, shared.readOnly ? "ro" : "rw", server], qemu)
        }
        return try words.place(before: deadline)
    }

    private func spawn(_ program: String, _ arguments: [String], _ qemu: UInt32) throws(UnixError) -> Starting
    {
        let lock = machine.shareLock(number)
        try Files.write([], to: lock, durably: false)
        // Not to be written to by who inherits it.
        let held = try FileDescriptor.open(lock, .read)
        try held.lock(lock)
        let socket = try Socket.listen(at: machine.shareSocket(number))
        try Files.changeMode(machine.shareSocket(number), 0o600)
        try Files.changeOwner(machine.shareSocket(number), uid: qemu, gid: 0)
        let null = try FileDescriptor.open("/dev/null", .readWrite)
        let words = try Pipe()
        let process = try SpawnedProcess.start(
            program, [program] + arguments, environment: ["LC_ALL=C", "BIVOUAC_MACHINE=\(machine.path)"],
            descriptors: [
                null.rawValue, null.rawValue, words.writer.rawValue, socket.rawValue, held.rawValue,
            ])
        try FileDescriptor.open(lock, .write).write("\(process.id)")
        return Starting(process: process, words: words.intoReader(), path: arguments[2])
    }

    /// A server that has not said yet that it is ready.
    private struct Starting: ~Copyable {
        var process: SpawnedProcess
        let words: FileDescriptor
        let path: String
        private static let longest = 16_384

        init(process: consuming SpawnedProcess, words: consuming FileDescriptor, path: String) {
            self.process = process
            self.words = words
            self.path = path
        }

        /// Waits until it is ready; where its directory is.
        consuming func place(before deadline: Deadline) throws(MachineFault) -> String {
            var said: [UInt8] = []
            var lines: [Substring] = []
            while !lines.contains(where: { $0.contains(ShareServer.ready) }) {
                let bytes = try atNode("could not share \(path)") { () throws(UnixError) in
                    try Socket.waitReadable(words, before: deadline) ? try words.read(upTo: 4096) : nil
                }
                guard let bytes, !bytes.isEmpty, said.count < Self.longest else {
                    throw .refused(failure(String(lines.last ?? ""), isSilent: bytes == nil))
                }
                said += bytes
                lines = String(decoding: said, as: UTF8.self).split(separator: "\n")
            }
            let place = lines.first { $0.hasPrefix("directory ") }?.dropFirst("directory ".count)
            guard let place, GuestPlace.allows(text: String(place)) else {
                throw .refused(failure("it said nothing of its place", isSilent: false))
            }
            return String(place)
        }

        private mutating func failure(_ line: String, isSilent: Bool) -> Refusal {
            let end = Deadline(seconds: isSilent ? 0 : 5)
            while process.end() == nil, !end.isOver { Deadline.sleep(milliseconds: 1) }
            guard !isSilent, process.end() != .exited(ShareServer.noInput) else {
                return Refusal(
                    .DirectoryUnavailable,
                    "'\(path)' cannot be shared with the job's machine: "
                        + (isSilent ? "it does not answer" : line))
            }
            return Refusal(.UnsupportedSetting, "this node cannot share directories with machines: \(line)")
        }
    }
}

extension ShareServer {
    /// Sees to it that no server of the machine, which has ended, is left.
    static func endAll(of machine: MachineDirectory) throws(MachineFault) {
        for number in 0..<(Export.limit + 1) where Files.exists(machine.shareLock(number)) {
            try ShareServer(machine: machine, number: number).end()
        }
    }

    private func end() throws(MachineFault) {
        let path = machine.shareLock(number)
        // Nobody listens there any more once QEMU has called.
        try? Socket.hangUp(at: machine.shareSocket(number))
        if try isGone(within: Self.time.own) { return }
        // The lock is held, so that the number is still its.
        let text = String(decoding: (try? Files.read(path, limit: 16)) ?? [], as: UTF8.self)
        if let process = Int32(text) { Signals.send(Signals.kill, toGroupOf: process) }
        guard try isGone(within: Self.time.forced) else {
            throw .fault(
                .node,
                "process \(text), which serves a directory to a machine that has ended (\(machine.path)), does not "
                    + "end: does a file system of this node not answer?")
        }
    }

    private func isGone(within milliseconds: Int) throws(MachineFault) -> Bool {
        let deadline = Deadline(milliseconds: milliseconds)
        let path = machine.shareLock(number)
        return try atNode("could not look at \(path)") { () throws(UnixError) in
            while true {
                if try FileLock.tryAcquire(path) != nil { return true }
                guard !deadline.isOver else { return false }
                Deadline.sleep(milliseconds: 2)
            }
        }
    }
}

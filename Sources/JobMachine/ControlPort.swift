package import GuestProtocol
package import Unix

/// The host's end of the agent's control port.
///
/// What comes from it is the guest's word and untrusted.
package struct ControlPort: ~Copyable {
    private let socket: FileDescriptor

    private init(_ socket: consuming FileDescriptor) { self.socket = socket }

    /// Connects to the socket that QEMU listens on; one caller at a time has the port.
    package static func connect(_ path: String) throws(UnixError) -> ControlPort {
        let socket = try Socket.connect(to: path)
        try socket.setNonBlocking()
        return ControlPort(socket)
    }

    /// How the wait for the agent ended.
    package enum Answer<Value> {
        /// The guest's word, bounded and well-formed.
        case value(Value)
        /// QEMU went away.
        case closed
        case malformed(String)
        case silent
    }

    /// Waits until the agent says that it is ready.
    package func greeting(before deadline: Deadline) throws(UnixError) -> Answer<Ready> {
        // QEMU keeps what the guest has not opened the port for yet: one hello is enough.
        try ask(.hello, for: .ready, before: deadline) { (bytes, body) throws(ProtocolError) in
            try Ready(bytes, body)
        }
    }

    /// Sets the guest's clock to the host's.
    package func setClock(before deadline: Deadline) throws(UnixError) -> Answer<Void> {
        let now = Clock(nanoseconds: WallClock.nanoseconds)
        return try ask(.clock, now.body, for: .clockSet, before: deadline) { _, _ in }
    }

    /// Tells of the job's end; answered once the payload can read it.
    package func tell(_ notice: Notice, before deadline: Deadline) throws(UnixError) -> Answer<Void> {
        try ask(.notice, notice.body, for: .noticed, before: deadline) { _, _ in }
    }

    /// What runs in the guest.
    package func processes(before deadline: Deadline) throws(UnixError) -> Answer<ProcessList> {
        try ask(.top, for: .processes, before: deadline) { (bytes, body) throws(ProtocolError) in
            try ProcessList(bytes, body)
        }
    }

    /// Sends one frame and waits for the first of the kind that answers it.
    private func ask<Value>(
        _ kind: FrameKind, _ body: [UInt8] = [], for answer: FrameKind, before deadline: Deadline,
        _ read: ([UInt8], Range<Int>) throws(ProtocolError) -> Value
    ) throws(UnixError) -> Answer<Value> {
        var writer = FrameWriter()
        writer.append(kind, body)
        _ = try writer.flush(to: socket.rawValue)
        var reader = FrameReader(accepting: .fromControl)
        while try Socket.waitReadable(socket, before: deadline) {
            switch try reader.fill(from: socket.rawValue) {
            case .end: return .closed
            case .wouldBlock: continue
            case .bytes: break
            }
            do {
                while let frame = try reader.next() {
                    if frame.kind == answer { return .value(try read(reader.bytes, frame.body)) }
                }
            } catch {
                return .malformed("\(error)")
            }
        }
        return .silent
    }
}

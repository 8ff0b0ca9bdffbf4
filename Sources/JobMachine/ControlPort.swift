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
    package enum Greeting: Hashable, Sendable {
        /// The agent waits for its payload. Text from the guest, bounded and printable.
        case ready(agent: String, kernel: String, uptime: UInt64)
        /// QEMU went away.
        case closed
        case malformed(String)
        case silent
    }

    /// Waits until the agent says that it is ready.
    package func greeting(before deadline: Deadline) throws(UnixError) -> Greeting {
        var writer = FrameWriter()
        writer.append(.hello)
        // QEMU keeps what the guest has not opened the port for yet: one hello is enough.
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
                    guard frame.kind == .ready else { continue }
                    let ready = try Ready(reader.bytes, frame.body)
                    return .ready(agent: ready.agent, kernel: ready.kernel, uptime: ready.uptime)
                }
            } catch {
                return .malformed("\(error)")
            }
        }
        return .silent
    }

    /// Tells the agent of the job's end; false when it does not confirm in time that the payload can read it.
    package func tell(_ notice: Notice, before deadline: Deadline) throws(UnixError) -> Bool {
        var writer = FrameWriter()
        writer.append(.notice, notice.body)
        _ = try writer.flush(to: socket.rawValue)
        var reader = FrameReader(accepting: .fromControl)
        while try Socket.waitReadable(socket, before: deadline) {
            switch try reader.fill(from: socket.rawValue) {
            case .end: return false
            case .wouldBlock: continue
            case .bytes: break
            }
            do {
                while let frame = try reader.next() { if frame.kind == .noticed { return true } }
            } catch {
                throw UnixError("read", UnixError.invalid, "\(error)")
            }
        }
        return false
    }
}

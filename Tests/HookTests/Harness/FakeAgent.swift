import Foundation
import Glibc
import GuestProtocol
import Unix

/// A socket in the place of a machine's payload port, and what an agent would say there.
final class FakeAgent {
    private let listener: Int32
    private var connection: Int32 = -1
    private var reader = FrameReader(accepting: .toAgent)

    /// Listens on a path that belongs to the user, as prologue and libvirt leave it.
    init(_ path: String, owner: UInt32) throws {
        listener = try Socket.listen(at: path).release()
        guard unsafe chmod(path, 0o600) == 0, unsafe chown(path, owner, 0) == 0
        else { throw Harness.error("could not give \(path) away: \(errno)") }
    }

    deinit {
        hangUp()
        close(listener)
    }

    /// Waits for a launcher, and forgets what one before it may have said last.
    func accept() throws {
        try wait(listener, "a launcher that connects")
        reader = FrameReader(accepting: .toAgent)
        connection = unsafe Glibc.accept(listener, __SOCKADDR_ARG(__sockaddr__: nil), nil)
    }

    /// Whether somebody has connected.
    var isCalled: Bool {
        var one = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&one, 1, 0) > 0
    }

    func hangUp() {
        if connection >= 0 { close(connection) }
        connection = -1
    }

    /// The size of the launcher's terminal, where it spoke of one before its order.
    private(set) var terminal: TerminalSize?

    /// What came, whole: the launch order and the script behind it.
    func order() throws -> (order: LaunchOrder, script: [UInt8]) {
        let (kind, body) = try next()
        guard kind == .begin else { throw Harness.error("the launcher began with \(kind)") }
        let begin = try Begin(body, body.indices)
        var bytes: [UInt8] = []
        while bytes.count < begin.orderLength + begin.scriptLength {
            let (kind, body) = try next()
            if kind == .terminal {
                terminal = try TerminalSize(body, body.indices)
                continue
            }
            guard kind == .part else { throw Harness.error("\(kind) among the parts") }
            bytes += body
        }
        return (
            try LaunchOrder(parsing: Array(bytes.prefix(begin.orderLength))),
            Array(bytes.dropFirst(begin.orderLength))
        )
    }

    /// The next frame that is no heartbeat.
    func next() throws -> (kind: FrameKind, body: [UInt8]) {
        while true {
            while let frame = try reader.next() {
                if frame.kind != .heartbeat { return (frame.kind, Array(reader.bytes[frame.body])) }
            }
            try wait(connection, "a frame of the launcher")
            if try reader.fill(from: connection) == .end { throw Harness.error("the launcher hung up") }
        }
    }

    /// Frames until one of this kind.
    func next(_ kind: FrameKind) throws -> [UInt8] {
        while true {
            let frame = try next()
            if frame.kind == kind { return frame.body }
        }
    }

    func send(_ kind: FrameKind, _ body: [UInt8] = []) throws {
        var writer = FrameWriter()
        writer.append(kind, body)
        try send(writer.take())
    }

    /// Sends bytes as they are; false when the launcher has hung up.
    @discardableResult
    func send(_ bytes: [UInt8]) throws -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func wait(_ descriptor: Int32, _ what: String) throws {
        var one = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&one, 1, 60_000) > 0 else { throw Harness.error("waited in vain for \(what)") }
    }
}

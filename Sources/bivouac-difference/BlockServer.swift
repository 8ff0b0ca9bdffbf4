internal import Disk
internal import Unix

/// Serves exports on sockets that listen already, until it is ended.
final class BlockServer {
    private final class Connection {
        let socket: FileDescriptor
        let export: BlockExport
        private var state: BlockExport.State? = .flags

        init(_ socket: consuming FileDescriptor, _ export: BlockExport) {
            self.socket = socket
            self.export = export
            if !say(export.greeting) { state = nil }
        }

        /// Answers once; false when nothing is left to be said.
        func answer() -> Bool {
            guard let state else { return false }
            self.state = try? export.answer(state, take: take, say: say)
            return self.state != nil
        }

        private func take(_ count: Int) -> Bytes? {
            var bytes: [UInt8] = []
            while bytes.count < count {
                let more = (try? socket.read(upTo: count - bytes.count)) ?? []
                if more.isEmpty { return nil }
                bytes += more
            }
            return Bytes(bytes)
        }

        private func say(_ bytes: [UInt8]) -> Bool { (try? socket.write(bytes)) != nil }
    }

    private let listeners: [Int32: BlockExport]
    private var connections: [Int32: Connection] = [:]

    private static let connectionLimit = 64

    /// Listening sockets and what is behind each.
    init(_ listeners: [Int32: BlockExport]) { self.listeners = listeners }

    func run() throws(UnixError) -> Never {
        while true {
            var poll = Poll()
            for listener in listeners.keys { poll.add(listener, .readable) }
            for connection in connections.keys { poll.add(connection, .readable) }
            poll.wait(milliseconds: -1)
            for (number, connection) in connections where !poll.events(number).isEmpty {
                if !connection.answer() { connections[number] = nil }
            }
            for (listener, export) in listeners where !poll.events(listener).isEmpty {
                let socket = try Socket.accept(listener)
                // Whoever opens that many is not the one who was meant.
                guard connections.count < Self.connectionLimit else { continue }
                connections[socket.rawValue] = Connection(socket, export)
            }
        }
    }
}

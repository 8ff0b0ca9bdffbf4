internal import Unix

/// A socket of the guest's that waits for connections or datagrams from elsewhere.
package struct ListeningSocket: Hashable, Sendable, CustomStringConvertible {
    /// The kernel's tables, see proc(5); each with the state of a socket that waits: LISTEN, or unconnected.
    private static let tables = [
        (name: "tcp", state: "0A"), (name: "tcp6", state: "0A"), (name: "udp", state: "07"),
        (name: "udp6", state: "07"),
    ]
    /// Bytes of a table that are looked at.
    private static let tableLimit = 1 << 20

    package let table: String
    package let port: UInt16
    package let uid: UInt32

    package init(table: String, port: UInt16, uid: UInt32) {
        self.table = table
        self.port = port
        self.uid = uid
    }

    package var description: String { "\(table) port \(port) of uid \(uid)" }

    /// Those of this machine, each once.
    package static func all() -> [ListeningSocket] {
        var found: [ListeningSocket] = []
        for table in tables {
            let file = try? FileDescriptor.open("/proc/net/\(table.name)", .read)
            switch file {
            case .some(let file):
                guard let bytes = try? file.readAll(limit: tableLimit) else { continue }
                let text = String(decoding: bytes, as: UTF8.self)
                for one in parse(text, table: table.name, state: table.state) where !found.contains(one) {
                    found.append(one)
                }
            case nil: break
            }
        }
        return found
    }

    /// The sockets of one table that wait on another address than the machine's own loopback.
    package static func parse(_ text: String, table: String, state: String) -> [ListeningSocket] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 7, fields[3] == state else { return nil }
            let address = fields[1].split(separator: ":")
            guard address.count == 2, !isLoopback(address[0]), let port = UInt16(address[1], radix: 16),
                let uid = UInt32(fields[7])
            else { return nil }
            return ListeningSocket(table: table, port: port, uid: uid)
        }
    }

    /// 127.0.0.0/8, ::1, and the first within the second; words of four bytes, least significant first.
    private static func isLoopback(_ address: Substring) -> Bool {
        switch address.count {
        case 8: address.hasSuffix("7F")
        case 32:
            address == "00000000000000000000000001000000"
                || address.hasPrefix("0000000000000000FFFF0000") && address.hasSuffix("7F")
        default: false
        }
    }

    /// A few of them on one line; empty when there are none.
    package static func line(_ sockets: [ListeningSocket]) -> String {
        let shown = sockets.prefix(8).map(\.description).joined(separator: ", ")
        return shown + (sockets.count > 8 ? " and \(sockets.count - 8) more" : "")
    }
}

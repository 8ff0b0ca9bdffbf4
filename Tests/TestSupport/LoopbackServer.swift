import Foundation

/// A server on 127.0.0.1 that says exactly what a test wants, as badly behaved as that may be.
package final class LoopbackServer: @unchecked Sendable {
    package enum Step: Sendable {
        case send(String)
        case bytes([UInt8])
        /// Seconds of silence.
        case wait(Double)
        /// Sends the same text over and over until the other side hangs up.
        case flood(String)
    }

    package struct Request: Sendable {
        package let path: String
        /// Names in lower case.
        package let headers: [String: String]
    }

    package let port: UInt16
    private let socket: Int32
    private let lock = NSLock()
    private var seen: [Request] = []
    private var steps: @Sendable (Request) -> [Step]
    private var isOver = false

    package init(_ steps: @escaping @Sendable (Request) -> [Step]) throws {
        self.steps = steps
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = socket
        let bound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(listener, __CONST_SOCKADDR_ARG(__sockaddr__: address), length) == 0,
                    listen(listener, 16) == 0
                else { return false }
                return unsafe getsockname(listener, __SOCKADDR_ARG(__sockaddr__: address), &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        // A thread of its own, which holds the server only while it serves.
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let connection = unsafe accept(listener, __SOCKADDR_ARG(__sockaddr__: nil), nil)
                guard connection >= 0, let server = self, !server.lock.withLock({ server.isOver }) else {
                    if connection >= 0 { close(connection) }
                    close(listener)
                    return
                }
                Thread.detachNewThread { server.serve(connection) }
            }
        }
    }

    deinit { stop() }

    /// Lets nobody in any more.
    package func stop() {
        let wasOver = lock.withLock {
            defer { isOver = true }
            return isOver
        }
        if !wasOver { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    package var uri: String { "http://127.0.0.1:\(port)" }

    /// What it was asked for so far.
    package var requests: [Request] { lock.withLock { seen } }

    /// Says something else from now on.
    package func answer(_ steps: @escaping @Sendable (Request) -> [Step]) {
        lock.withLock { self.steps = steps }
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let request = read(connection) else { return }
        let steps = lock.withLock {
            seen.append(request)
            return self.steps
        }
        for step in steps(request) {
            switch step {
            case .send(let text): guard send(Array(text.utf8), connection) else { return }
            case .bytes(let bytes): guard send(bytes, connection) else { return }
            case .wait(let seconds):
                // Ends early when the other side hangs up.
                var poll = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
                _ = unsafe Glibc.poll(&poll, 1, Int32(seconds * 1000))
            case .flood(let text): while send(Array(text.utf8), connection) {}
            }
        }
        shutdown(connection, Int32(SHUT_WR))
    }

    private func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !String(decoding: bytes, as: UTF8.self).contains("\r\n\r\n") {
            let count = unsafe recv(connection, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 1 << 16 else { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let words = lines[0].split(separator: " ")
        return words.count == 3 ? Request(path: String(words[1]), headers: headers) : nil
    }

    private func send(_ bytes: [UInt8], _ connection: Int32) -> Bool {
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes[start...].withUnsafeBytes {
                unsafe Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            start += count
        }
        return true
    }
}

extension LoopbackServer.Step {
    /// A whole answer.
    package static func answer(_ status: String, _ headers: [String] = [], _ body: String = "") -> Self {
        let lines =
            ["HTTP/1.1 \(status)", "Connection: close", "Content-Length: \(body.utf8.count)"] + headers
        return .send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
}

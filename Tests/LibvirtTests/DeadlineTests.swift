import Foundation
@testable import Libvirt
import Testing

/// In processes of their own: a deadline that passes while a connection is opened shuts down every socket that
/// has appeared since, and tests of other things have sockets too.
@Suite("A libvirt that does not answer")
struct DeadlineTests {
    @Test("is given up when the time is over, with the name of the call", .timeLimit(.minutes(15)))
    func noAnswer() async {
        await #expect(processExitsWith: .success) {
            let socket = try SilentSocket(backlog: 8)
            let given = expires(socket.path) == "libvirt did not answer: virConnectOpen: waited 300 ms"
            socket.remove()
            exit(given ? 0 : 1)
        }
    }

    @Test("is given up while it does not even take the connection", .timeLimit(.minutes(15)))
    func fullBacklog() async {
        await #expect(processExitsWith: .success) {
            let socket = try SilentSocket(backlog: 0)
            let given = socket.fill() && expires(socket.path)?.contains("virConnectOpen: waited") == true
            socket.remove()
            exit(given ? 0 : 1)
        }
    }

    @Test("is given up in a process that was started with every signal blocked", .timeLimit(.minutes(15)))
    func blockedSignals() async {
        await #expect(processExitsWith: .success) {
            var all = sigset_t()
            unsafe sigfillset(&all)
            unsafe pthread_sigmask(SIG_SETMASK, &all, nil)
            let socket = try SilentSocket(backlog: 8)
            let given = expires(socket.path)?.contains("virConnectOpen: waited") == true
            socket.remove()
            exit(given ? 0 : 1)
        }
    }

    @Test(
        "is given up where its socket has the number of a file that was open before",
        .timeLimit(.minutes(15)))
    func takenNumber() async {
        await #expect(processExitsWith: .success) {
            let files = [dup(0), dup(0)]
            let given = Result { () throws(LibvirtError) in
                _ = try Deadline.opening("read", milliseconds: 300) { () -> Int? in
                    // As it is when another thread has closed them meanwhile.
                    var ends: [Int32] = [0, 0]
                    guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
                        exit(2)
                    }
                    for (end, file) in zip(ends, files) where dup2(end, file) != file || close(end) != 0 {
                        exit(2)
                    }
                    // libvirt reads again after a signal, too.
                    var byte: UInt8 = 0
                    while unsafe read(files[0], &byte, 1) < 0, errno == EINTR {}
                    return nil
                }
            }
            guard case .failure(let error) = given else { exit(1) }
            exit(error.code == .timedOut ? 0 : 1)
        }
    }
}

/// The error of opening a connection through a socket on which nobody answers.
private func expires(_ path: String) -> String? {
    do throws(LibvirtError) {
        _ = try Connection.open("qemu+unix:///system?socket=\(path)", limit: 300)
        return nil
    } catch {
        return error.code == .timedOut ? error.description : nil
    }
}

/// A socket on which somebody listens and never accepts.
private struct SilentSocket {
    let path = NSTemporaryDirectory() + "bivouac-test-\(UUID().uuidString.prefix(8)).sock"

    init(backlog: Int32) throws {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(unsafe attach(listener) { unsafe bind($0, .init(__sockaddr__: $1), $2) } == 0)
        try #require(listen(listener, backlog) == 0)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Connects without waiting until there is no room for more; tells whether that was reached.
    func fill() -> Bool {
        for _ in 0..<8 {
            let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            let status = unsafe attach(client) { unsafe connect($0, .init(__sockaddr__: $1), $2) }
            if status != 0 { return errno == EAGAIN }
        }
        return false
    }

    private func attach(
        _ descriptor: Int32, _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        return unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe use(descriptor, $0, length) }
        }
    }
}

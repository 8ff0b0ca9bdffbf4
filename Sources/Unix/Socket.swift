internal import CLinux

/// Stream sockets with a path.
package enum Socket {
    /// Longest path that the kernel takes, in bytes; see unix(7).
    package static let longestPath = 107

    /// Connects to a listening socket.
    ///
    /// The corresponding C function is `connect`.
    package static func connect(to path: String) throws(UnixError) -> FileDescriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= longestPath else { throw UnixError("connect", ENAMETOOLONG, path) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(owning: try checked("socket") { socket(AF_UNIX, type, 0) })
        let raw = descriptor.rawValue
        try checked("connect", path) {
            unsafe linux_connect(raw, &address, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        return descriptor
    }

    /// Waits until the descriptor has something to read, was hung up, or the deadline passes (false).
    package static func waitReadable(_ descriptor: borrowing FileDescriptor, before deadline: Deadline)
        throws(UnixError) -> Bool
    {
        var one = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return try checked("poll") { unsafe poll(&one, 1, Int32(deadline.milliseconds)) } > 0
    }
}

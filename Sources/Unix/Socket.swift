internal import CLinux

/// Stream sockets with a path.
package enum Socket {
    /// Longest path that the kernel takes, in bytes; see unix(7).
    package static let longestPath = 107

    /// Connects to a listening socket.
    ///
    /// The corresponding C function is `connect`.
    package static func connect(to path: String) throws(UnixError) -> FileDescriptor {
        var address = try address(path, "connect")
        let descriptor = try open()
        let raw = descriptor.rawValue
        try checked("connect", path) {
            unsafe linux_connect(raw, &address, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        return descriptor
    }

    /// Calls whoever listens there and hangs up at once; waits for nobody.
    ///
    /// The corresponding C function is `connect`.
    package static func hangUp(at path: String) throws(UnixError) {
        var address = try address(path, "connect")
        let descriptor = try open()
        try descriptor.setNonBlocking()
        let raw = descriptor.rawValue
        try checked("connect", path) {
            unsafe linux_connect(raw, &address, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }

    /// Makes a socket at a path where nothing is, and listens there.
    ///
    /// The corresponding C functions are `bind` and `listen`.
    package static func listen(at path: String) throws(UnixError) -> FileDescriptor {
        var address = try address(path, "bind")
        let descriptor = try open()
        let raw = descriptor.rawValue
        try checked("bind", path) {
            unsafe linux_bind(raw, &address, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
        try checked("listen", path) { Glibc_listen(raw, 8) }
        return descriptor
    }

    /// The next connection to a socket that listens.
    ///
    /// The corresponding C function is `accept4`.
    package static func accept(_ listener: Int32) throws(UnixError) -> FileDescriptor {
        FileDescriptor(owning: try checked("accept4") { linux_accept(listener) })
    }

    private static func open() throws(UnixError) -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return FileDescriptor(owning: try checked("socket") { socket(AF_UNIX, type, 0) })
    }

    private static func address(_ path: String, _ call: String) throws(UnixError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count <= longestPath else { throw UnixError(call, ENAMETOOLONG, path) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return address
    }

    /// Waits until the descriptor has something to read, was hung up, or the deadline passes (false).
    package static func waitReadable(_ descriptor: borrowing FileDescriptor, before deadline: Deadline)
        throws(UnixError) -> Bool
    {
        var one = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return try checked("poll") { unsafe poll(&one, 1, Int32(deadline.milliseconds)) } > 0
    }
}

// Under a name of its own: the method of that name hides it.
private func Glibc_listen(_ descriptor: Int32, _ count: Int32) -> Int32 { listen(descriptor, count) }

internal import CLinux

/// An open file, socket or pipe end, closed when the value ends.
package struct FileDescriptor: ~Copyable {
    package let rawValue: Int32

    /// Takes over a descriptor that is open; closes it in the end.
    package init(owning descriptor: Int32) { rawValue = descriptor }

    deinit { _ = close(rawValue) }

    /// Gives the descriptor away; the caller closes it.
    package consuming func release() -> Int32 {
        let descriptor = rawValue
        discard self
        return descriptor
    }

    /// Flags of open(2); close-on-exec is always set.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: Int32
        package init(rawValue: Int32) { self.rawValue = rawValue }
        package static let read = Flags(rawValue: O_RDONLY)
        package static let write = Flags(rawValue: O_WRONLY)
        package static let readWrite = Flags(rawValue: O_RDWR)
        package static let create = Flags(rawValue: O_CREAT)
        package static let exclusive = Flags(rawValue: O_EXCL)
        package static let truncate = Flags(rawValue: O_TRUNC)
        package static let append = Flags(rawValue: O_APPEND)
        package static let directory = Flags(rawValue: O_DIRECTORY)
        package static let noFollow = Flags(rawValue: O_NOFOLLOW)
        package static let nonBlocking = Flags(rawValue: O_NONBLOCK)
        /// A terminal does not become the process's own by being opened.
        package static let noTerminal = Flags(rawValue: O_NOCTTY)
        /// A place to go on from; neither read nor written.
        package static let path = Flags(rawValue: linux_o_path)
    }

    /// Opens a path.
    ///
    /// The corresponding C function is `open`.
    package static func open(_ path: String, _ flags: Flags, mode: UInt32 = 0o600) throws(UnixError)
        -> FileDescriptor
    {
        FileDescriptor(
            owning: try checked("open", path) {
                unsafe linux_open(path, flags.rawValue | O_CLOEXEC, mode)
            })
    }

    /// Opens a name in an open directory.
    ///
    /// The corresponding C function is `openat`.
    package static func open(
        _ name: String, in directory: borrowing FileDescriptor, _ flags: Flags, mode: UInt32 = 0o600
    ) throws(UnixError) -> FileDescriptor {
        let parent = directory.rawValue
        return FileDescriptor(
            owning: try checked("openat", name) {
                unsafe linux_openat(parent, name, flags.rawValue | O_CLOEXEC, mode)
            })
    }

    /// At most `count` bytes; empty at the end.
    ///
    /// The corresponding C function is `read`.
    package func read(upTo count: Int) throws(UnixError) -> [UInt8] {
        var failure: UnixError?
        let descriptor = rawValue
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            do throws(UnixError) {
                let base = UnsafeMutableRawPointer(buffer.baseAddress)
                used = try checked("read") { unsafe Glibc_read(descriptor, base, count) }
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Everything up to the end, at most `limit` bytes; more is `tooLarge`.
    package func readAll(limit: Int) throws(UnixError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let bytes = try read(upTo: min(1 << 16, limit - all.count + 1))
            if bytes.isEmpty { return all }
            all += bytes
            guard all.count <= limit else { throw UnixError("read", UnixError.tooLarge) }
        }
    }

    /// All of the bytes, in as many calls as it takes.
    ///
    /// The corresponding C function is `write`.
    package func write(_ bytes: [UInt8]) throws(UnixError) {
        var written = 0
        let descriptor = rawValue
        while written < bytes.count {
            let rest = bytes.count - written
            let start = written
            written += try checked("write") {
                unsafe bytes.withUnsafeBytes {
                    unsafe Glibc_write(descriptor, $0.baseAddress.map { unsafe $0 + start }, rest)
                }
            }
        }
    }

    /// Writes all of a text as UTF-8.
    package func write(_ text: String) throws(UnixError) { try write(Array(text.utf8)) }

    /// Puts content and metadata on stable storage.
    ///
    /// The corresponding C function is `fsync`.
    package func synchronize(_ subject: String = "") throws(UnixError) {
        let descriptor = rawValue
        try checked("fsync", subject) { fsync(descriptor) }
    }

    /// The corresponding C function is `fchown`.
    package func changeOwner(uid: UInt32, gid: UInt32) throws(UnixError) {
        let descriptor = rawValue
        try checked("fchown") { fchown(descriptor, uid, gid) }
    }

    /// The corresponding C function is `fchmod`.
    package func changeMode(_ mode: UInt32) throws(UnixError) {
        let descriptor = rawValue
        try checked("fchmod") { fchmod(descriptor, mode) }
    }

    /// The corresponding C function is `fstat`.
    package func status() throws(UnixError) -> FileStatus {
        var status = stat()
        let descriptor = rawValue
        try checked("fstat") { unsafe fstat(descriptor, &status) }
        return FileStatus(status)
    }

    /// A second descriptor of the same open file.
    ///
    /// The corresponding C function is `fcntl`.
    package func duplicate() throws(UnixError) -> FileDescriptor {
        let descriptor = rawValue
        return FileDescriptor(owning: try checked("fcntl") { linux_fcntl(descriptor, F_DUPFD_CLOEXEC, 3) })
    }
}

// The method names hide the C functions of the same name.
private func Glibc_read(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, buffer, count)
}

private func Glibc_write(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, buffer, count)
}

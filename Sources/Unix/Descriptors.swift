internal import CLinux

/// Descriptors that a program was started with.
package enum Descriptors {
    /// What stands behind a descriptor, as far as it matters for waiting.
    package enum Kind: Hashable, Sendable {
        /// Reading and writing wait for no other process.
        case file
        case pipe
        case socket
        /// A terminal or another device that may make a writer wait.
        case terminal
    }

    /// The corresponding C functions are `fstat` and `isatty`.
    package static func kind(_ descriptor: Int32) -> Kind {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return .file }
        switch status.st_mode & mode_t(S_IFMT) {
        case mode_t(S_IFIFO): return .pipe
        case mode_t(S_IFSOCK): return .socket
        case mode_t(S_IFCHR): return isatty(descriptor) == 1 ? .terminal : .file
        default: return .file
        }
    }

    /// What fstat(2) says of a descriptor; nil when it is closed.
    package static func status(_ descriptor: Int32) -> FileStatus? {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 ? FileStatus(status) : nil
    }

    /// Puts `/dev/null` where a standard descriptor is closed: what is opened next must not take its number.
    package static func completeStandard() {
        while true {
            let descriptor = unsafe linux_open("/dev/null", O_RDWR, 0)
            guard (0...2).contains(descriptor) else {
                if descriptor > 2 { _ = close(descriptor) }
                return
            }
        }
    }
}

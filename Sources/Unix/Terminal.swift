internal import CLinux

/// Rows and columns of a terminal, in characters; both are 0 where nobody knows.
package struct TerminalSize: Hashable, Sendable {
    package let rows: UInt16
    package let columns: UInt16

    package init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }

    /// The size of the terminal behind a descriptor; nil where there is no terminal.
    ///
    /// The corresponding C function is `ioctl` with `TIOCGWINSZ`.
    package init?(of descriptor: Int32) {
        var size = winsize()
        guard unsafe linux_tiocgwinsz(descriptor, &size) == 0 else { return nil }
        self.init(rows: size.ws_row, columns: size.ws_col)
    }

    /// Gives the terminal this size; what runs in its foreground is told by SIGWINCH.
    ///
    /// The corresponding C function is `ioctl` with `TIOCSWINSZ`.
    package func apply(to descriptor: Int32) throws(UnixError) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try checked("ioctl", "window size") { unsafe linux_tiocswinsz(descriptor, &size) }
    }
}

/// A terminal in raw mode: what is typed comes as it is and is not echoed; as it was before once the value ends.
package struct RawTerminal: ~Copyable {
    private let descriptor: Int32
    private let before: termios

    private init(_ descriptor: Int32, before: termios) {
        self.descriptor = descriptor
        self.before = before
    }

    deinit {
        var mode = before
        _ = unsafe tcsetattr(descriptor, TCSADRAIN, &mode)
    }

    /// Changes the mode; the descriptor stays the caller's and open.
    ///
    /// SIGTTOU is blocked from now on, so that the mode can be changed back from the background too.
    ///
    /// The corresponding C functions are `tcgetattr` and `tcsetattr`.
    package static func make(_ descriptor: Int32) throws(UnixError) -> RawTerminal {
        var mode = termios()
        try checked("tcgetattr") { unsafe tcgetattr(descriptor, &mode) }
        let before = mode
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe sigaddset(&mask, SIGTTOU)
        try checked("sigprocmask") { unsafe sigprocmask(SIG_BLOCK, &mask, nil) }
        unsafe cfmakeraw(&mode)
        try checked("tcsetattr") { unsafe tcsetattr(descriptor, TCSADRAIN, &mode) }
        return RawTerminal(descriptor, before: before)
    }
}

/// A terminal that is a program's and not a device's, see pty(7).
package struct PseudoTerminal: ~Copyable {
    /// The side that reads what is written on the terminal and writes what is typed on it.
    package let controller: FileDescriptor
    /// The side that looks like a terminal.
    package let terminal: FileDescriptor

    /// The corresponding C functions are `posix_openpt`, `unlockpt` and `ptsname_r`.
    package init() throws(UnixError) {
        let descriptor = try checked("posix_openpt", "/dev/ptmx") { linux_posix_openpt() }
        let controller = FileDescriptor(owning: descriptor)
        try checked("unlockpt") { linux_unlockpt(descriptor) }
        var name = [CChar](repeating: 0, count: 64)
        let code = unsafe linux_ptsname_r(descriptor, &name, name.count)
        guard code == 0 else { throw UnixError("ptsname_r", code) }
        let path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        terminal = try FileDescriptor.open(path, [.readWrite, .noTerminal])
        self.controller = controller
    }

    /// Closes the side that looks like a terminal.
    package consuming func intoController() -> FileDescriptor { controller }
}

extension Process {
    /// Makes a terminal the one that this process controls; for the leader of a session that has none.
    ///
    /// The corresponding C function is `ioctl` with `TIOCSCTTY`.
    package static func control(terminal descriptor: Int32) throws(UnixError) {
        try checked("ioctl", "controlling terminal") { linux_tiocsctty(descriptor) }
    }
}

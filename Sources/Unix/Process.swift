internal import CLinux

/// The running program: what it inherits is not trusted.
package enum Process {
    /// Makes a root hook's surroundings known: descriptors from 3 on closed, umask 077, working directory `/`,
    /// no end by SIGPIPE, and the standard descriptors open.
    package static func sanitise() {
        _ = linux_close_range(3, ~0, 0)
        while true {
            let descriptor = unsafe linux_open("/dev/null", O_RDWR, 0)
            if descriptor > 2 || descriptor < 0 {
                if descriptor > 2 { _ = close(descriptor) }
                break
            }
        }
        umask(0o077)
        _ = unsafe chdir("/")
        linux_ignore_sigpipe()
    }

    /// Forgets the environment, once what is wanted of it has been read: libraries look into it as well.
    package static func clearEnvironment() { _ = clearenv() }

    /// The path of the running program, as the kernel knows it.
    package static var executable: String { Files.target(ofLink: "/proc/self/exe") ?? "" }

    package static var effectiveUser: UInt32 { geteuid() }

    /// Microseconds of processor time that this process has used.
    ///
    /// The corresponding C function is
    /// `clock_gettime`.
    package static var processorTime: Int64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Who logged in to start this, whatever account it changed to since (`/proc/self/loginuid`); the real user
    /// where the kernel does not know.
    package static var loginUser: UInt32 {
        let text = (try? Files.read("/proc/self/loginuid", limit: 64)).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let text, let user = UInt32(text.prefix { $0.isNumber }), user != UInt32.max else {
            return getuid()
        }
        return user
    }

    /// One variable of the environment that the program was started with.
    package static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Writes one line to standard error; lines from elsewhere are made one.
    package static func report(_ message: String) {
        let line = String(message.map { $0.isNewline ? " " : $0 }) + "\n"
        let bytes = Array(line.utf8)
        _ = unsafe bytes.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
    }

    /// Writes text to standard output.
    package static func print(_ text: String) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let start = written
            let count = unsafe bytes.withUnsafeBytes {
                unsafe write(1, $0.baseAddress.map { unsafe $0 + start }, $0.count - start)
            }
            guard count > 0 else { return }
            written += count
        }
    }

    /// The name of the running kernel's host, release and machine.
    ///
    /// The corresponding C function is `uname`.
    package static var system: (host: String, release: String) {
        var names = utsname()
        _ = unsafe uname(&names)
        let host = unsafe withUnsafeBytes(of: &names.nodename) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        let release = unsafe withUnsafeBytes(of: &names.release) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return (host, release)
    }

    /// CPUs that this process may use, by number.
    ///
    /// The corresponding C function is `sched_getaffinity`.
    package static var allowedCPUs: [Int] {
        var mask = [UInt8](repeating: 0, count: 1024)
        let length = unsafe mask.withUnsafeMutableBytes {
            unsafe linux_sched_getaffinity(0, UInt($0.count), $0.baseAddress)
        }
        guard length > 0 else { return [0] }
        return mask.enumerated().flatMap { index, byte in
            (0..<8).filter { byte & (1 << $0) != 0 }.map { index * 8 + $0 }
        }
    }
}

/// The system's log, syslog(3), under the name `bivouac`.
package enum SystemLog {
    /// How much a line matters, see syslog(3).
    package enum Priority: Int32, Sendable { case error = 3, warning = 4, notice = 5, info = 6 }

    /// Writes one line.
    ///
    /// The corresponding C function is `syslog`.
    package static func write(_ priority: Priority, _ message: String) {
        unsafe linux_syslog(priority.rawValue | LOG_DAEMON, "bivouac: " + message)
    }
}

internal import CLinux

/// The change of this process into another program.
///
/// The strings are laid out in advance, so that `perform` takes no memory: a limit may have just been set that
/// leaves none.
@safe
package struct Execution: ~Copyable {
    private let argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let envp: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let path: UnsafeMutablePointer<CChar>?

    /// All strings are byte strings without zeroes.
    package init(path: BytePath, arguments: [[UInt8]], environment: [[UInt8]]) {
        unsafe argv = Self.array(arguments)
        unsafe envp = Self.array(environment)
        unsafe self.path = Self.string(path.bytes)
    }

    /// Returns only if it failed, with the reason.
    ///
    /// The corresponding C function is `execve`.
    package func perform() -> Int32 {
        guard let path = unsafe path else { return ENOMEM }
        _ = unsafe linux_execve(path, argv, envp)
        return linux_errno()
    }

    // Never freed: the process becomes another or ends.
    fileprivate static func array(_ strings: [[UInt8]]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    {
        let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, bytes) in strings.enumerated() { unsafe array[index] = unsafe string(bytes) }
        unsafe array[strings.count] = nil
        return unsafe array
    }

    private static func string(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
        unsafe (bytes + [0]).withUnsafeBytes {
            guard let base = $0.baseAddress else { return nil }
            return unsafe strdup(base.assumingMemoryBound(to: CChar.self))
        }
    }
}

extension Process {
    /// The arguments of this program as they came, byte for byte.
    ///
    /// From `/proc/self/cmdline`.
    package static func arguments() throws(UnixError) -> [[UInt8]] {
        let bytes = try FileDescriptor.open("/proc/self/cmdline", .read).readAll(limit: 8 << 20)
        return bytes.dropLast(bytes.last == 0 ? 1 : 0)
            .split(separator: 0, omittingEmptySubsequences: false).map { Array($0) }
    }

    /// The environment as this program got it, byte for byte: `NAME=value` each.
    package static func environmentBytes() -> [[UInt8]] {
        var strings: [[UInt8]] = []
        guard var entry = unsafe linux_environ() else { return [] }
        while let string = unsafe entry.pointee {
            unsafe strings.append(Array(UnsafeRawBufferPointer(start: string, count: strlen(string))))
            unsafe entry += 1
        }
        return strings
    }

    /// Puts these variables, `NAME=value` each, in the place of this program's environment.
    package static func setEnvironment(_ variables: [[UInt8]]) {
        unsafe linux_set_environ(Execution.array(variables))
    }

    /// The file mode mask in force.
    ///
    /// The corresponding C function is `umask`.
    package static var fileModeMask: UInt16 {
        let mask = linux_umask(0o077)
        _ = linux_umask(mask)
        return UInt16(mask)
    }

    /// The corresponding C function is `umask`.
    package static func setFileModeMask(_ mask: UInt16) { _ = linux_umask(mode_t(mask)) }

    /// Closes every descriptor from this one on.
    ///
    /// The corresponding C function is `closefrom`.
    package static func closeDescriptors(from first: Int32) { linux_closefrom(first) }

    /// Leads a session of its own from now on, away from any terminal.
    ///
    /// The corresponding C function is `setsid`.
    package static func leadSession() { _ = setsid() }

    /// The words of the kernel for an error number.
    package static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }

    /// The last act of a program.
    ///
    /// The corresponding C function is `exit`.
    package static func end(_ status: Int32) -> Never { exit(status) }

    package static var id: Int32 { getpid() }
    package static var user: UInt32 { getuid() }
}

extension Process {
    /// The process that started this one.
    ///
    /// The corresponding C function is `getppid`.
    package static var parent: Int32 { getppid() }
}

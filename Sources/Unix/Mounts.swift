internal import CLinux

/// Mounts in this process's mount namespace, see mount(2).
package enum Mounts {
    /// A file system in memory, at most `size` bytes, without devices and setuid programs, and without any
    /// programs unless it is `executable`.
    ///
    /// The corresponding C function is `mount`.
    package static func memory(at path: String, size: Int, mode: UInt32, executable: Bool = false)
        throws(UnixError)
    {
        let flags = UInt(MS_NOSUID) | UInt(MS_NODEV) | (executable ? 0 : UInt(MS_NOEXEC))
        let options = "size=\(size),mode=\(String(mode, radix: 8))"
        try checked("mount", path) {
            unsafe linux_mount("bivouac", path, "tmpfs", flags, options)
        }
    }

    /// Pseudo terminals, which everybody may open anew and their owner alone afterwards, see devpts in the kernel's
    /// documentation.
    ///
    /// The corresponding C function is `mount`.
    package static func terminals(at path: String) throws(UnixError) {
        let flags = UInt(MS_NOSUID) | UInt(MS_NOEXEC)
        try checked("mount", path) {
            unsafe linux_mount("devpts", path, "devpts", flags, "mode=600,ptmxmode=666")
        }
    }

    /// Makes what is at `source` visible at `target` too, there read-only.
    ///
    /// The corresponding C function is `mount` with `MS_BIND`.
    package static func bindReadOnly(_ source: String, at target: String) throws(UnixError) {
        try checked("mount", target) { unsafe linux_mount(source, target, nil, UInt(MS_BIND), nil) }
        let flags = UInt(MS_BIND) | UInt(MS_REMOUNT) | UInt(MS_RDONLY) | UInt(MS_NOSUID) | UInt(MS_NODEV)
        try checked("mount", target) {
            unsafe linux_mount(nil, target, nil, flags | UInt(MS_NOEXEC), nil)
        }
    }

    /// Makes what is at `source`, with all that is mounted there, visible at `target` too.
    ///
    /// The corresponding C function is `mount` with `MS_BIND` and `MS_REC`.
    package static func bind(_ source: String, at target: String) throws(UnixError) {
        try checked("mount", target) {
            unsafe linux_mount(source, target, nil, UInt(MS_BIND) | UInt(MS_REC), nil)
        }
    }

    /// Lets nobody write there or to anything mounted below, whatever he may otherwise.
    ///
    /// The corresponding C function is `mount_setattr` with `MOUNT_ATTR_RDONLY`; kernels have it from 5.12 on.
    package static func makeReadOnly(_ path: String) throws(UnixError) {
        try checked("mount_setattr", path) { unsafe linux_mount_setattr_readonly(path) }
    }

    /// A file system of that type, without devices and setuid programs.
    ///
    /// The corresponding C function is `mount`.
    package static func mount(_ source: String, at target: String, type: String, readOnly: Bool = false)
        throws(UnixError)
    {
        let flags = UInt(MS_NOSUID) | UInt(MS_NODEV) | (readOnly ? UInt(MS_RDONLY) : 0)
        try checked("mount", target) { unsafe linux_mount(source, target, type, flags, nil) }
    }

    /// Where the first file system of that type is mounted; nil when none is.
    ///
    /// Read from `/proc/self/mounts`.
    package static func first(ofType type: String) -> String? {
        guard let text = try? FileDescriptor.open("/proc/self/mounts", .read).readAll(limit: 1 << 20) else {
            return nil
        }
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == type { return String(fields[1]) }
        }
        return nil
    }
}

/// The running machine as a whole.
package enum Machine {
    /// Milliseconds since the kernel's start.
    ///
    /// The corresponding C function is `clock_gettime`.
    package static var uptime: UInt64 { UInt64(linux_uptime()) }

    /// The corresponding C function is `sethostname`.
    package static func setHostname(_ name: String) throws(UnixError) {
        try checked("sethostname", name) { unsafe linux_sethostname(name, name.utf8.count) }
    }

    /// Puts everything written on its disks.
    ///
    /// The corresponding C function is `sync`.
    package static func synchronize() { sync() }
}

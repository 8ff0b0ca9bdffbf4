internal import CLinux

/// What lies in an open directory, each by one name: no call here follows a link or leaves the directory.
extension FileDescriptor {
    /// Opens a name; close-on-exec and `noFollow` are always set.
    ///
    /// The corresponding C function is `openat`.
    package func open(_ name: FileName, _ flags: Flags, mode: UInt32 = 0o600) throws(UnixError)
        -> FileDescriptor
    {
        let parent = rawValue
        let all = flags.rawValue | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe name.withCString { unsafe linux_openat(parent, $0, all, mode) }
        guard descriptor >= 0 else {
            if linux_errno() == EINTR { return try open(name, flags, mode: mode) }
            throw UnixError.last("openat", name.text)
        }
        return FileDescriptor(owning: descriptor)
    }

    /// What is there under a name; nil for nothing.
    ///
    /// The corresponding C function is `fstatat`.
    package func status(of name: FileName) throws(UnixError) -> FileStatus? {
        var status = stat()
        let parent = rawValue
        let result = unsafe name.withCString { unsafe fstatat(parent, $0, &status, AT_SYMLINK_NOFOLLOW) }
        guard result == 0 else {
            guard linux_errno() == ENOENT else { throw UnixError.last("fstatat", name.text) }
            return nil
        }
        return FileStatus(status)
    }

    /// Makes a directory; true when nothing was there.
    ///
    /// The corresponding C function is `mkdirat`.
    package func makeDirectory(_ name: FileName, mode: UInt32) throws(UnixError) -> Bool {
        let parent = rawValue
        if unsafe name.withCString({ unsafe mkdirat(parent, $0, mode) }) == 0 { return true }
        guard linux_errno() == EEXIST else { throw UnixError.last("mkdirat", name.text) }
        return false
    }

    /// The corresponding C function is `symlinkat`.
    package func makeLink(_ name: FileName, to target: BytePath) throws(UnixError) {
        let parent = rawValue
        try checked("symlinkat", name.text) {
            unsafe target.withCString { target in
                unsafe name.withCString { unsafe symlinkat(target, parent, $0) }
            }
        }
    }

    /// Where a link points.
    ///
    /// The corresponding C function is `readlinkat`.
    package func target(of name: FileName) throws(UnixError) -> BytePath {
        let parent = rawValue
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.count
        let length = try checked("readlinkat", name.text) {
            unsafe buffer.withUnsafeMutableBytes { buffer in
                guard let base = buffer.baseAddress else { return -1 }
                return unsafe name.withCString {
                    unsafe readlinkat(parent, $0, base.assumingMemoryBound(to: CChar.self), count)
                }
            }
        }
        guard let path = BytePath(Array(buffer.prefix(length))) else {
            throw UnixError("readlinkat", UnixError.invalid, name.text)
        }
        return path
    }

    /// Gives what is there another name in the same directory, in place of what had that name.
    ///
    /// The corresponding C function is `renameat`.
    package func rename(_ name: FileName, to target: FileName) throws(UnixError) {
        let parent = rawValue
        try checked("renameat", target.text) {
            unsafe target.withCString { target in
                unsafe name.withCString { unsafe renameat(parent, $0, parent, target) }
            }
        }
    }

    /// Removes what is there, which is no directory, or an empty one if `isDirectory`.
    ///
    /// The corresponding C function is `unlinkat`.
    package func remove(_ name: FileName, isDirectory: Bool = false) throws(UnixError) {
        let parent = rawValue
        try checked("unlinkat", name.text) {
            unsafe name.withCString { unsafe unlinkat(parent, $0, isDirectory ? AT_REMOVEDIR : 0) }
        }
    }

    /// The names in this directory, in the file system's order.
    ///
    /// The corresponding C function is `readdir`.
    package func names() throws(UnixError) -> [FileName] {
        let copy = try duplicate().release()
        guard let stream = unsafe fdopendir(copy) else {
            let error = UnixError.last("fdopendir")
            _ = close(copy)
            throw error
        }
        defer { unsafe closedir(stream) }
        unsafe rewinddir(stream)
        var names: [FileName] = []
        while let entry = unsafe linux_readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { buffer in
                unsafe FileName(Array(buffer[..<(buffer.firstIndex(of: 0) ?? 0)]))
            }
            if let name { names.append(name) }
        }
        guard linux_errno() == 0 else { throw UnixError.last("readdir") }
        return names
    }

    /// Sets when a link was changed last, in nanoseconds since 1970.
    ///
    /// The corresponding C function is `utimensat`.
    package func setModified(_ name: FileName, _ moment: Int64) throws(UnixError) {
        let parent = rawValue
        try checked("utimensat", name.text) {
            unsafe name.withCString { unsafe linux_utimensat(parent, $0, moment) }
        }
    }
}

extension FileDescriptor {
    /// Sets when the file was changed last, in nanoseconds since 1970.
    ///
    /// The corresponding C function is `futimens`.
    package func setModified(_ moment: Int64) throws(UnixError) {
        let descriptor = rawValue
        try checked("futimens") { linux_futimens_exact(descriptor, moment) }
    }

    /// Sets permissions and the moment of the last change of what was opened with `path`.
    ///
    /// The corresponding C functions are `chmod` and `utimensat` on `/proc/self/fd`.
    package func setAttributes(mode: UInt32?, modified: Int64) throws(UnixError) {
        let path = "/proc/self/fd/\(rawValue)"
        if let mode { try checked("chmod") { unsafe chmod(path, mode) } }
        try checked("utimensat") { unsafe linux_utimensat_following(path, modified) }
    }

    /// Bytes that an unprivileged writer could still put on the file system.
    ///
    /// The corresponding C function is `fstatvfs`.
    package func freeSpace() throws(UnixError) -> Int64 {
        var status = statvfs()
        let descriptor = rawValue
        try checked("fstatvfs") { unsafe fstatvfs(descriptor, &status) }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    /// The path of what is open, as the kernel knows it; nil when it has none.
    ///
    /// The corresponding C function is `readlink` on `/proc/self/fd`.
    package var physicalPath: BytePath? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let path = "/proc/self/fd/\(rawValue)"
        let length = unsafe buffer.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return 0 }
            return unsafe readlink(path, base.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return length > 0 ? BytePath(Array(buffer.prefix(length))) : nil
    }

    /// The next bytes of the file at or behind an offset that are no hole; nil when only a hole is left.
    ///
    /// A file system that knows no holes has only data. The corresponding C function is `lseek`.
    package func data(from offset: Int64) -> Range<Int64>? {
        let start = lseek(rawValue, Int(offset), linux_seek_data)
        guard start >= 0 else { return linux_errno() == ENXIO ? nil : offset..<Int64.max }
        let end = lseek(rawValue, start, linux_seek_hole)
        return Int64(start)..<(end > start ? Int64(end) : .max)
    }

    /// Reads at most `count` bytes at an offset of the file into the array from `start` on; how many, 0 at the
    /// end.
    ///
    /// The corresponding C function is `pread`.
    package func read(into buffer: inout [UInt8], at start: Int, upTo count: Int, offset: Int64)
        throws(UnixError) -> Int
    {
        precondition(start >= 0 && count >= 0 && start + count <= buffer.count)
        let descriptor = rawValue
        return try checked("pread") {
            unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress.map { unsafe $0 + start }, count, Int(offset))
            }
        }
    }

    /// Writes all of these bytes of the array at an offset of the file.
    ///
    /// The corresponding C function is `pwrite`.
    package func write(_ bytes: [UInt8], _ range: Range<Int>, at offset: Int64) throws(UnixError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        let descriptor = rawValue
        var done = 0
        while done < range.count {
            let start = range.lowerBound + done
            let place = Int(offset) + done
            done += try checked("pwrite") {
                unsafe bytes.withUnsafeBytes {
                    unsafe pwrite(
                        descriptor, $0.baseAddress.map { unsafe $0 + start }, range.upperBound - start, place)
                }
            }
        }
    }
}

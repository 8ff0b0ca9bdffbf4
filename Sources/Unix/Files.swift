internal import CLinux

/// Files and directories by path; nothing here follows a link at the last name of a path that it changes.
package enum Files {
    /// The status of the path itself, not of what a link points to; nil when nothing is there.
    ///
    /// The corresponding C function is `lstat`.
    package static func status(_ path: String) throws(UnixError) -> FileStatus? {
        var status = stat()
        do throws(UnixError) {
            try checked("lstat", path) { unsafe lstat(path, &status) }
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR else { throw error }
            return nil
        }
        return FileStatus(status)
    }

    /// Whether there is something under the name, be it a link that leads nowhere; where the kernel cannot tell
    /// there is, since nobody may take a file that cannot be seen for one that is gone.
    package static func exists(_ path: String) -> Bool {
        do throws(UnixError) {
            return try status(path) != nil
        } catch {
            return true
        }
    }

    /// The content of a regular file of at most `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(UnixError) -> [UInt8] {
        let file = try FileDescriptor.open(path, [.read, .nonBlocking])
        let status = try file.status()
        guard status.kind == .regular else { throw UnixError("read", EINVAL, path) }
        guard status.size <= limit else { throw UnixError("read", UnixError.tooLarge, path) }
        return try file.readAll(limit: limit)
    }

    /// Puts the bytes there as a whole or not at all, durably: new file, fsync, rename, fsync of the directory.
    ///
    /// Not `durably` is for what the node's end makes worthless: it outlives every process all the same.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, durably: Bool = true
    ) throws(UnixError) {
        let temporary = path + ".new"
        try remove(temporary)
        do throws(UnixError) {
            let file = try FileDescriptor.open(
                temporary, [.write, .create, .exclusive, .noFollow], mode: mode)
            try file.changeMode(mode)
            try file.write(bytes)
            if durably { try file.synchronize(temporary) }
            try rename(temporary, to: path)
        } catch {
            _ = try? remove(temporary)
            throw UnixError(error.call, error.code, error.subject.isEmpty ? path : error.subject)
        }
        if durably { try synchronize(directory: parent(path)) }
    }

    /// Like `write` of bytes, for a text as UTF-8.
    package static func write(_ text: String, to path: String, mode: UInt32 = 0o600) throws(UnixError) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// The corresponding C function is `rename`.
    package static func rename(_ path: String, to target: String) throws(UnixError) {
        try checked("rename", path) { Glibc_rename(path, target) }
    }

    /// Another name of the same file.
    ///
    /// The corresponding C function is `link`.
    package static func link(_ path: String, to target: String) throws(UnixError) {
        try checked("link", target) { Glibc_link(path, target) }
    }

    /// Makes what a directory lists durable.
    package static func synchronize(directory path: String) throws(UnixError) {
        try FileDescriptor.open(path, [.read, .directory]).synchronize(path)
    }

    /// Makes one directory; one that is there keeps its content and gets the mode.
    ///
    /// The corresponding C function is `mkdir`.
    package static func makeDirectory(_ path: String, mode: UInt32) throws(UnixError) {
        do throws(UnixError) {
            try checked("mkdir", path) { unsafe mkdir(path, mode) }
        } catch {
            guard error.code == EEXIST else { throw error }
        }
        let directory = try FileDescriptor.open(path, [.read, .directory, .noFollow])
        try directory.changeMode(mode)
    }

    /// Makes a pipe with a name.
    ///
    /// The corresponding C function is `mkfifo`.
    package static func makePipe(_ path: String, mode: UInt32) throws(UnixError) {
        try checked("mkfifo", path) { unsafe mkfifo(path, mode) }
    }

    /// Makes the directories that are missing above a path and the directory itself; those that are there
    /// stay as they are.
    package static func makeDirectories(_ path: String, mode: UInt32) throws(UnixError) {
        if exists(path) { return }
        let above = parent(path)
        if above != path { try makeDirectories(above, mode: mode) }
        try makeDirectory(path, mode: mode)
    }

    /// Removes a file, link or socket; true when there was one.
    ///
    /// The corresponding C function is `unlink`.
    @discardableResult
    package static func remove(_ path: String) throws(UnixError) -> Bool {
        do throws(UnixError) {
            try checked("unlink", path) { unsafe unlink(path) }
            return true
        } catch {
            guard error.code == ENOENT else { throw error }
            return false
        }
    }

    /// Removes a directory and all below it, following no link; one that is missing is no error.
    package static func removeTree(_ path: String) throws(UnixError) {
        guard let status = try status(path) else { return }
        guard status.kind == .directory else {
            try remove(path)
            return
        }
        for name in try names(in: path) { try removeTree(path + "/" + name) }
        do throws(UnixError) {
            try removeDirectory(path)
        } catch {
            guard error.code == ENOENT else { throw error }
        }
    }

    /// Removes an empty directory.
    ///
    /// The corresponding C function is `rmdir`.
    package static func removeDirectory(_ path: String) throws(UnixError) {
        try checked("rmdir", path) { unsafe rmdir(path) }
    }

    /// The names in a directory, sorted; empty when it is missing.
    ///
    /// The corresponding C function is `readdir`.
    package static func names(in directory: String) throws(UnixError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            guard linux_errno() == ENOENT else { throw UnixError.last("opendir", directory) }
            return []
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe linux_readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        guard linux_errno() == 0 else { throw UnixError.last("readdir", directory) }
        return names.sorted()
    }

    /// The corresponding C function is `lchown`.
    package static func changeOwner(_ path: String, uid: UInt32, gid: UInt32) throws(UnixError) {
        try checked("lchown", path) { unsafe lchown(path, uid, gid) }
    }

    /// The corresponding C function is `chmod`.
    package static func changeMode(_ path: String, _ mode: UInt32) throws(UnixError) {
        try checked("chmod", path) { unsafe chmod(path, mode) }
    }

    /// Bytes that an unprivileged writer could still put on the file system of a path.
    ///
    /// The corresponding C function is `statvfs`.
    package static func freeSpace(_ path: String) throws(UnixError) -> Int64 {
        var status = statvfs()
        try checked("statvfs", path) { Glibc_statvfs(path, &status) }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }

    /// Bytes of the file system that a path is in, free or not.
    ///
    /// The corresponding C function is `statvfs`.
    package static func totalSpace(_ path: String) throws(UnixError) -> Int64 {
        var status = statvfs()
        try checked("statvfs", path) { Glibc_statvfs(path, &status) }
        return Int64(status.f_blocks) * Int64(status.f_frsize)
    }

    /// What a symbolic link says, however that is to be read; nil for what is none.
    ///
    /// The corresponding C function is `readlink`.
    package static func target(ofLink path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let length = unsafe buffer.withUnsafeMutableBytes {
            guard let base = $0.baseAddress else { return -1 }
            return unsafe readlink(path, base, $0.count)
        }
        return length < 0 ? nil : String(decoding: buffer.prefix(length), as: UTF8.self)
    }

    /// The path less its last name.
    package static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

// The method names hide the C functions of the same name.
private func Glibc_rename(_ path: String, _ target: String) -> Int32 { unsafe rename(path, target) }
private func Glibc_link(_ path: String, _ target: String) -> Int32 { unsafe link(path, target) }
private func Glibc_statvfs(_ path: String, _ status: inout statvfs) -> Int32 {
    unsafe statvfs(path, &status)
}

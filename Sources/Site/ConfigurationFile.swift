import Glibc

/// A file or directory of the configuration, which only root (or whoever runs us) may have written.
enum ConfigurationFile {
    /// The whole content of a regular file that nobody else can write to, of at most the length that
    /// `TomlDocument` takes; nil if there is no such file.
    static func read(_ path: String) throws(SiteFault) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            if errno == ENOENT, !isThere(path) { return nil }
            throw failure(path, "cannot be opened")
        }
        defer { close(descriptor) }
        try check(descriptor, path, kind: S_IFREG)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= TomlDocument.lengthLimit {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path, "cannot be read") }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    /// The names in a directory that nobody else can write to, sorted; nil if there is no such directory.
    static func names(in path: String) throws(SiteFault) -> [String]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else {
            if errno == ENOENT, !isThere(path) { return nil }
            throw failure(path, "cannot be opened")
        }
        do {
            try check(descriptor, path, kind: S_IFDIR)
        } catch {
            close(descriptor)
            throw error
        }
        guard let stream = unsafe fdopendir(descriptor) else {
            close(descriptor)
            throw failure(path, "cannot be read")
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        guard errno == 0 else { throw failure(path, "cannot be read") }
        return names.sorted()
    }

    /// The wanted names, where the directory may be trusted, or all that are in it; none if there is no such
    /// directory.
    static func names(in path: String, _ wanted: [String]?) throws(SiteFault) -> [String] {
        guard let wanted else { return try names(in: path) ?? [] }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else {
            if errno == ENOENT, !isThere(path) { return [] }
            throw failure(path, "cannot be opened")
        }
        defer { close(descriptor) }
        try check(descriptor, path, kind: S_IFDIR)
        return wanted
    }

    /// Whether something has this name, be it a symbolic link that leads nowhere.
    private static func isThere(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0
    }

    private static func check(_ descriptor: Int32, _ path: String, kind: mode_t) throws(SiteFault) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw failure(path, "cannot be examined") }
        guard status.st_mode & S_IFMT == kind else {
            let wanted = kind == S_IFDIR ? "directory" : "regular file"
            throw SiteFault(file: path, message: "not a \(wanted): replace it by one")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw SiteFault(
                file: path, message: "owned by uid \(status.st_uid), so not trusted: chown it to root")
        }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw SiteFault(
                file: path, message: "writable by group or others, so not trusted: chmod it to go-w")
        }
    }

    private static func failure(_ path: String, _ what: String) -> SiteFault {
        let code = errno
        return SiteFault(
            file: path, message: "\(what): \(unsafe String(cString: strerror(code)))",
            // A link that leads nowhere or round in circles is what somebody wrote.
            isUnreadable: ![ENOENT, ENOTDIR, ELOOP].contains(code))
    }
}

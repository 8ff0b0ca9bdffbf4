internal import CLinux

/// An exclusive lock on a file, held as long as the value lives; the kernel lets go when the holder dies.
package struct FileLock: ~Copyable {
    private let file: FileDescriptor

    private init(_ file: consuming FileDescriptor) { self.file = file }

    /// Waits for the lock until the deadline; `timedOut` then.
    ///
    /// The file is made when it is missing and stays. The corresponding C function is `flock`.
    package static func acquire(_ path: String, before deadline: Deadline) throws(UnixError) -> FileLock {
        // Most locks are held for about a millisecond.
        var pause = 1
        while true {
            if let lock = try tryAcquire(path) { return lock }
            guard !deadline.isOver else { throw UnixError("flock", UnixError.timedOut, path) }
            Deadline.sleep(milliseconds: min(pause, max(1, deadline.milliseconds)))
            pause = min(2 * pause, 10)
        }
    }

    /// The lock, or nil while somebody else holds it.
    package static func tryAcquire(_ path: String) throws(UnixError) -> FileLock? {
        try tryAcquire(path) { () throws(UnixError) in try open(path) }
    }

    /// The lock on a directory that is there, or nil while somebody else holds it; it goes with the directory
    /// when that is renamed.
    package static func tryAcquire(directory path: String) throws(UnixError) -> FileLock? {
        try tryAcquire(path) { () throws(UnixError) in
            try FileDescriptor.open(path, [.read, .directory, .noFollow])
        }
    }

    private static func tryAcquire(_ path: String, by open: () throws(UnixError) -> FileDescriptor)
        throws(UnixError) -> FileLock?
    {
        while true {
            let file = try open()
            let descriptor = file.rawValue
            do throws(UnixError) {
                try checked("flock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
            } catch {
                guard error.code == EWOULDBLOCK else { throw error }
                return nil
            }
            // Who waited while the holder removed the file holds a lock that nobody else can see.
            if let there = try Files.status(path), there.inode == (try file.status()).inode {
                return FileLock(file)
            }
        }
    }

    /// A file system that has become read-only keeps nobody from the lock that lies there.
    private static func open(_ path: String) throws(UnixError) -> FileDescriptor {
        do throws(UnixError) {
            return try FileDescriptor.open(path, [.readWrite, .create, .noFollow], mode: 0o600)
        } catch {
            guard error.code == UnixError.readOnly else { throw error }
            return try FileDescriptor.open(path, [.read, .noFollow])
        }
    }
}

extension FileDescriptor {
    /// Locks the open file, which nobody else may have locked; whoever inherits the descriptor holds the lock with
    /// its first owner, until the last of them has closed it.
    ///
    /// The corresponding C function is `flock`.
    package func lock(_ subject: String) throws(UnixError) {
        let descriptor = rawValue
        try checked("flock", subject) { flock(descriptor, LOCK_EX | LOCK_NB) }
    }
}

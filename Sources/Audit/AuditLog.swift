import JSON
package import Job
package import Unix

/// The site's append-only record: JSON lines, each with the hash of the one before, root's alone.
///
/// Writers take turns by one lock; each reads the end of the file, writes once and synchronises. The cost does
/// not grow with the file. A copy of each line goes to syslog.
package struct AuditLog: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// The last line's place and hash.
    package struct Head: Hashable, Sendable {
        package let sequence: Int64
        package let hash: String
    }

    /// Bytes looked at for the last line, and at most when a writer died.
    private static let tails = [1 << 16, 1 << 20]

    /// Writes one event durably; when this throws, what was to be logged must not happen.
    ///
    /// A line that is not written `durably` becomes durable with the next one that is.
    @discardableResult
    package func append(
        _ event: AuditEvent, at now: Timestamp, before deadline: Deadline, durably: Bool = true
    ) throws(AuditError) -> Head {
        let written = try locked(before: deadline) { () throws(AuditError) in
            try add(event, at: now, durably: durably)
        }
        SystemLog.write(.info, "audit: " + written.line)
        return written.head
    }

    /// The last line's hash, to be kept where nobody on this node can change it; nil for an empty log.
    package func head(before deadline: Deadline) throws(AuditError) -> Head? {
        try locked(before: deadline) { () throws(AuditError) in
            guard Files.exists(path) else { return nil }
            let file = try Self.files { () throws(UnixError) in
                try FileDescriptor.open(path, [.read, .noFollow])
            }
            let end = try end(of: file)
            return end.head.sequence == 0 ? nil : end.head
        }
    }

    func locked<Result>(before deadline: Deadline, _ body: () throws(AuditError) -> Result)
        throws(AuditError) -> Result
    {
        let lock = try lock(before: deadline)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    private func lock(before deadline: Deadline) throws(AuditError) -> FileLock {
        do throws(UnixError) {
            try Files.makeDirectories(Files.parent(path), mode: 0o700)
            return try FileLock.acquire(path + ".lock", before: deadline)
        } catch {
            throw error.code == UnixError.timedOut ? .locked(path: path) : .file(error)
        }
    }

    private func add(_ event: AuditEvent, at now: Timestamp, durably: Bool) throws(AuditError) -> (
        head: Head, line: String
    ) {
        let isNew = !Files.exists(path)
        let file = try Self.files { () throws(UnixError) in
            try FileDescriptor.open(path, [.readWrite, .append, .create, .noFollow])
        }
        let end = try end(of: file)
        var head = end.head
        var bytes: [UInt8] = []
        if !end.torn.isEmpty {
            if end.torn.last != AuditLines.feed { bytes.append(AuditLines.feed) }
            let torn = AuditEvent(.torn, AuditLines.description(ofTorn: end.torn))
            let line = AuditLine.make(torn, sequence: head.sequence + 1, previous: head.hash, at: now)
            head = Head(sequence: head.sequence + 1, hash: try hash(of: line))
            bytes += line + [AuditLines.feed]
        } else if end.isOpen {
            bytes.append(AuditLines.feed)
        }
        let line = AuditLine.make(event, sequence: head.sequence + 1, previous: head.hash, at: now)
        guard line.count <= AuditLine.limit else {
            throw .tooLong(event: event.name.rawValue, limit: AuditLine.limit)
        }
        bytes += line + [AuditLines.feed]
        try write(bytes, to: file, isNew: isNew, durably: durably)
        return (
            Head(sequence: head.sequence + 1, hash: try hash(of: line)), String(decoding: line, as: UTF8.self)
        )
    }

    private func hash(of line: [UInt8]) throws(AuditError) -> String {
        guard let made = AuditLine(line[...]) else { throw .noLastLine(path: path) }
        return made.hash
    }

    private func write(
        _ bytes: [UInt8], to file: borrowing FileDescriptor, isNew: Bool, durably: Bool
    ) throws(AuditError) {
        let size = try Self.files { () throws(UnixError) in try file.status().size }
        do throws(UnixError) {
            try file.write(bytes)
            if durably { try file.synchronize(path) }
            if isNew { try Files.synchronize(directory: Files.parent(path)) }
        } catch {
            // A full disk leaves no half line, where the file may be shortened at all.
            _ = try? file.truncate(to: size)
            throw .file(UnixError(error.call, error.code, path))
        }
    }

    /// The last intact line, the bytes behind it, and whether its line feed is missing.
    private struct End {
        var head: Head
        var torn: [UInt8]
        var isOpen: Bool
    }

    private func end(of file: borrowing FileDescriptor) throws(AuditError) -> End {
        let size = try Self.files { () throws(UnixError) in try file.status().size }
        for limit in Self.tails {
            let start = max(0, size - Int64(limit))
            let tail = try Self.files { () throws(UnixError) in try file.read(upTo: limit, at: start) }
            if let (line, range) = AuditLines.last(in: tail, isWhole: start == 0) {
                let behind = tail[range.upperBound...]
                return End(
                    head: Head(sequence: line.sequence, hash: line.hash), torn: Array(behind.dropFirst()),
                    isOpen: behind.isEmpty)
            }
            if start == 0, tail.count < limit, !AuditLines.holdsFinished(tail) {
                // Not even the first line was finished.
                return End(head: Head(sequence: 0, hash: AuditLine.origin), torn: tail, isOpen: false)
            }
        }
        throw .noLastLine(path: path)
    }

    static func files<Result: ~Copyable>(_ body: () throws(UnixError) -> Result) throws(AuditError) -> Result
    {
        do throws(UnixError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

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
        for line in written.lines { SystemLog.write(.info, "audit: " + line) }
        return written.head
    }

    /// The last line's hash, to be kept where nobody on this node can change it; nil for an empty log.
    package func head(before deadline: Deadline) throws(AuditError) -> Head? {
        try locked(before: deadline) { () throws(AuditError) in
            guard let last = try open(newest: 1).last else { return nil }
            let head = try end(of: last.descriptor).head
            guard head.sequence > 0 else { return nil }
            // A line that is anchored must not be lost.
            try Self.files { () throws(UnixError) in try last.descriptor.synchronize(last.path) }
            return head
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
        head: Head, lines: [String]
    ) {
        let isNew = !Files.exists(path)
        let file = try Self.files { () throws(UnixError) in
            try FileDescriptor.open(path, [.readWrite, .append, .create, .noFollow])
        }
        let isEmpty = try Self.files { () throws(UnixError) in try file.status().size } == 0
        let before = isEmpty ? try open(newest: 1).last : nil
        let end = if let before { try end(of: before.descriptor) } else { try end(of: file) }
        var lines = Lines(behind: end.head, at: now)
        if let before {
            // No line must outlive a line before it.
            try Self.files { () throws(UnixError) in try before.descriptor.synchronize(before.path) }
            lines.add(AuditEvent(.continued, AuditLines.description(ofFile: before.path, end.head.sequence)))
        }
        if !end.torn.isEmpty {
            lines.add(AuditEvent(.torn, AuditLines.description(ofTorn: end.torn)))
        }
        let line = lines.add(event)
        guard line.count <= AuditLine.limit else {
            throw .tooLong(event: event.name.rawValue, limit: AuditLine.limit)
        }
        let isOpen = before == nil && (end.torn.isEmpty ? end.isOpen : end.torn.last != AuditLines.feed)
        try write(
            (isOpen ? [AuditLines.feed] : []) + lines.bytes, to: file, isNew: isNew, durably: durably)
        let written = lines.bytes.split(separator: AuditLines.feed).map {
            String(decoding: $0, as: UTF8.self)
        }
        return (lines.head, written)
    }

    /// Lines to be written at once, each with the hash of the one before.
    private struct Lines {
        var head: Head
        let now: Timestamp
        var bytes: [UInt8] = []

        init(behind head: Head, at now: Timestamp) {
            self.head = head
            self.now = now
        }

        @discardableResult
        mutating func add(_ event: AuditEvent) -> [UInt8] {
            let (line, hash) = AuditLine.make(
                event, sequence: head.sequence + 1, previous: head.hash, at: now)
            head = Head(sequence: head.sequence + 1, hash: hash)
            bytes += line + [AuditLines.feed]
            return line
        }
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
    struct End {
        var head: Head
        var torn: [UInt8]
        var isOpen: Bool
    }

    func end(of file: borrowing FileDescriptor) throws(AuditError) -> End {
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

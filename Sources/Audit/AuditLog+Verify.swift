package import Unix

extension AuditLog {
    /// What a log that is as written holds.
    package struct Verdict: Hashable, Sendable {
        /// Files that the log is in.
        package var files = 0
        /// Number of the first intact line; where it is not 1, older files are not here.
        package var first: Int64 = 0
        /// Intact lines.
        package var lines: Int64 = 0
        /// Hash of the last line; nil for an empty log.
        package var head: String?
        /// Unfinished lines that writers which died have left, by file and line counted from 1.
        package var torn: [Place] = []
        /// Whether the anchored line was given and found; without one, a missing end cannot be seen.
        package var isAnchored = false
    }

    /// A line of one of the log's files.
    package struct Place: Hashable, Sendable, CustomStringConvertible {
        package let file: String
        /// Counted from 1.
        package let line: Int

        package var description: String { "\(file) line \(line)" }
    }

    /// Reads the whole log, its older files included, and names the first line that was changed, removed,
    /// added or moved.
    ///
    /// Memory does not grow with the log, and writers wait only while lengths are read. `head` is a hash that
    /// was kept outside.
    package func verify(head: String? = nil, before deadline: Deadline) throws(AuditError) -> Verdict {
        // Under the lock no writer is half-way through a line.
        var parts: [(path: String, size: Int64)] = []
        try locked(before: deadline) { () throws(AuditError) in
            for path in try files() {
                let size = try Self.files { () throws(UnixError) in try Files.status(path)?.size ?? 0 }
                parts.append((path, size))
            }
        }
        var check = AuditCheck(head: head)
        for (path, size) in parts { try verify(path, size, &check) }
        return try check.finish(path)
    }

    private func verify(_ path: String, _ size: Int64, _ check: inout AuditCheck) throws(AuditError) {
        let file = try Self.files { () throws(UnixError) in
            try FileDescriptor.open(path, [.read, .noFollow])
        }
        check.begin(path)
        var rest: [UInt8] = []
        var offset: Int64 = 0
        while offset < size {
            let (start, count) = (offset, Int(min(1 << 20, size - offset)))
            let bytes = try Self.files { () throws(UnixError) in try file.read(upTo: count, at: start) }
            if bytes.isEmpty { break }
            offset += Int64(bytes.count)
            rest += bytes
            var begin = 0
            while let end = rest[begin...].firstIndex(of: AuditLines.feed) {
                try check.take(rest[begin..<end])
                begin = end + 1
            }
            rest.removeFirst(begin)
            try check.bound(rest.count)
        }
        try check.end(rest)
    }
}

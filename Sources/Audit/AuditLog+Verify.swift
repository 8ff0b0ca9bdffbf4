package import Unix

extension AuditLog {
    /// What a log that is as written holds.
    package struct Verdict: Hashable, Sendable {
        /// Intact lines.
        package var lines: Int64
        /// Hash of the last line; nil for an empty log.
        package var head: String?
        /// Lines, counted from 1, that writers which died have left unfinished.
        package var torn: [Int]
        /// Whether the anchored line was given and found; without one, a missing end cannot be seen.
        package var isAnchored: Bool
    }

    /// Reads the whole log and names the first line that was changed, removed, added or moved.
    ///
    /// Memory does not grow with the log, and writers wait only while its length is read. `head` is a hash that
    /// was kept outside.
    package func verify(head: String? = nil, before deadline: Deadline) throws(AuditError) -> Verdict {
        // Under the lock no writer is half-way through a line.
        let size = try locked(before: deadline) { () throws(AuditError) in
            try Self.files { () throws(UnixError) in try Files.status(path)?.size ?? 0 }
        }
        let file = try Self.files { () throws(UnixError) in try FileDescriptor.open(path, [.read, .noFollow])
        }
        var check = AuditCheck(path: path, head: head)
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
        return try check.finish(rest)
    }
}

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
    /// Memory does not grow with the log, and writers wait only while its files are opened. `head` is a hash that
    /// was kept outside; `first` the number of the line with which what is here must begin, or earlier.
    package func verify(head: String? = nil, from first: Int64? = nil, before deadline: Deadline)
        throws(AuditError) -> Verdict
    {
        // Under the lock no writer is half-way through a line.
        let files = try locked(before: deadline) { () throws(AuditError) in try open() }
        return try verify(files, head: head, from: first)
    }

    /// Checks what these files held when they were opened.
    func verify(_ files: [AuditFile], head: String?, from first: Int64? = nil) throws(AuditError) -> Verdict {
        var check = AuditCheck(head: head, from: first)
        for file in files { try verify(file, &check) }
        return try check.finish(path)
    }

    private func verify(_ file: AuditFile, _ check: inout AuditCheck) throws(AuditError) {
        check.begin(file.path)
        var rest: [UInt8] = []
        var offset: Int64 = 0
        while true {
            let bytes = try file.piece(from: offset)
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

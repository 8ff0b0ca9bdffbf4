package import Job
package import Unix

extension AuditLog {
    /// The names that compressed files end with; they are not read.
    private static let compressed = [".gz", ".bz2", ".xz", ".zst"]
    /// Bytes within which a line's number stands.
    private static let beginning = 64

    /// The log's files that are here and not empty, the oldest first; the one that is written to is last.
    ///
    /// An older one has this one's name with something behind it, as `rotate` and logrotate(8) call them.
    func files() throws(AuditError) -> [String] {
        let directory = Files.parent(path)
        let name = path.dropFirst(directory.count + 1)
        let names = try Self.files { () throws(UnixError) in try Files.names(in: directory) }
        var found: [(path: String, sequence: Int64)] = []
        for other in names where other == name || isOlder(other, than: name) {
            let file = "\(directory)/\(other)"
            guard let begin = try Self.beginning(of: file) else { continue }
            found.append((file, AuditLine.sequence(of: begin[...]) ?? (other == name ? .max : 0)))
        }
        return found.sorted { ($0.sequence, $0.path) < ($1.sequence, $1.path) }.map(\.path)
    }

    private func isOlder(_ other: String, than name: Substring) -> Bool {
        let behind = other.dropFirst(name.count)
        return other.hasPrefix(name) && (behind.hasPrefix("-") || behind.hasPrefix("."))
            && behind != ".lock" && !Self.compressed.contains { other.hasSuffix($0) }
    }

    /// Nil when there is nothing in it.
    private static func beginning(of path: String) throws(AuditError) -> [UInt8]? {
        try files { () throws(UnixError) in
            guard let status = try Files.status(path), status.kind == .regular, status.size > 0 else {
                return nil
            }
            return try FileDescriptor.open(path, [.read, .noFollow]).read(upTo: beginning)
        }
    }

    /// Closes the file under the name `audit.jsonl-DAY-NUMBER`, by its last line, which it returns.
    ///
    /// The next event begins a new one, whose first line carries the hash of the last. Nil when there was
    /// nothing to close.
    package func rotate(at now: Timestamp, before deadline: Deadline) throws(AuditError) -> String? {
        try locked(before: deadline) { () throws(AuditError) in
            guard try Self.beginning(of: path) != nil else { return nil }
            let target = "\(path)-\(now.day)-\(try end(of: path).head.sequence)"
            try Self.files { () throws(UnixError) in
                guard try Files.status(target) == nil else {
                    throw UnixError("rename", UnixError.exists, target)
                }
                try Files.rename(path, to: target)
                try Files.synchronize(directory: Files.parent(path))
            }
            return target
        }
    }
}

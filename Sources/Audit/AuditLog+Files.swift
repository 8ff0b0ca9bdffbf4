package import Job
package import Unix

extension AuditLog {
    /// The names that compressed files end with; they are not read.
    private static let compressed = [".gz", ".bz2", ".xz", ".zst"]
    /// Bytes within which a line's number stands.
    private static let beginning = 64
    /// How often the files are looked for while somebody moves them.
    private static let attempts = 20

    /// The log's files that are here and not empty, open, the oldest first; the one that is written to is last.
    ///
    /// An older one has this one's name with something behind it, as `rotate` and logrotate(8) call them. `count`
    /// is how many are wanted, the newest of them.
    func open(newest count: Int = .max) throws(AuditError) -> [AuditFile] {
        for _ in 0..<Self.attempts {
            let found = try find()
            // Who renames them meanwhile could show one twice or not at all.
            if let files = try Self.open(found.suffix(count)), try find() == found { return files }
        }
        throw .file(UnixError("open", UnixError.busy, path))
    }

    /// Number of the first line that is here, where one can be made out; what was before is in files that are not.
    package func first() throws(AuditError) -> Int64? {
        let number = try find().first?.sequence
        return number == .max ? nil : number
    }

    /// A file and what tells it from another of its name.
    private struct Found: Equatable {
        let path: String
        let device: UInt64
        let inode: UInt64
        /// Number of its first line.
        let sequence: Int64
    }

    private func find() throws(AuditError) -> [Found] {
        let directory = Files.parent(path)
        let name = path.dropFirst(directory.count + 1)
        let names = try Self.files { () throws(UnixError) in try Files.names(in: directory) }
        var found: [Found] = []
        for other in names where other == name || isOlder(other, than: name) {
            guard let file = try Self.open("\(directory)/\(other)") else { continue }
            let status = try Self.files { () throws(UnixError) in try file.descriptor.status() }
            let begin = try file.read(from: 0, upTo: Self.beginning)
            let sequence = AuditLine.sequence(of: begin[...]) ?? (other == name ? .max : 0)
            found.append(
                Found(path: file.path, device: status.device, inode: status.inode, sequence: sequence))
        }
        return found.sorted { ($0.sequence, $0.path) < ($1.sequence, $1.path) }
    }

    private func isOlder(_ other: String, than name: Substring) -> Bool {
        let behind = other.dropFirst(name.count)
        return other.hasPrefix(name) && (behind.hasPrefix("-") || behind.hasPrefix("."))
            && behind != ".lock" && !Self.compressed.contains { other.hasSuffix($0) }
    }

    /// Nil when one of them is not there any more.
    private static func open(_ found: ArraySlice<Found>) throws(AuditError) -> [AuditFile]? {
        var files: [AuditFile] = []
        for one in found {
            guard let file = try open(one.path) else { return nil }
            let status = try Self.files { () throws(UnixError) in try file.descriptor.status() }
            guard status.device == one.device, status.inode == one.inode else { return nil }
            files.append(file)
        }
        return files
    }

    /// Nil when it is not there, no file, or nothing is in it.
    private static func open(_ path: String) throws(AuditError) -> AuditFile? {
        try files { () throws(UnixError) in
            guard try Files.status(path)?.kind == .regular else { return nil }
            do throws(UnixError) {
                let descriptor = try FileDescriptor.open(path, [.read, .noFollow])
                let size = try descriptor.status().size
                return size > 0 ? AuditFile(path, descriptor, size: size) : nil
            } catch {
                guard error.code == UnixError.noEntry else { throw error }
                return nil
            }
        }
    }

    /// Closes the file under the name `audit.jsonl-DAY-NUMBER`, by its last line, which it returns.
    ///
    /// The next event begins a new one, whose first line carries the hash of the last. Nil when there was
    /// nothing to close.
    package func rotate(at now: Timestamp, before deadline: Deadline) throws(AuditError) -> String? {
        try locked(before: deadline) { () throws(AuditError) in
            guard let file = try Self.open(path) else { return nil }
            let target = "\(path)-\(now.day)-\(try end(of: file.descriptor).head.sequence)"
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

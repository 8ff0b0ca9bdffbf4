import Digest
package import Job
package import Unix

extension EvidenceStore {
    /// The folder in an archive, and the file in it that names the SHA-512 of all others.
    private static let folder = "evidence"
    private static let sums = "SHA512SUMS"

    /// Writes evidence as one tar archive with a list of digests that `sha512sum -c` reads; the names of what was
    /// left out.
    ///
    /// What may hold the job's secrets is left out unless it is asked for.
    package func export(
        _ paths: [String], to file: consuming FileDescriptor, withSensitive: Bool, now: Timestamp
    ) throws(EvidenceError) -> [String] {
        let archive = TarWriter(file, modified: now.seconds)
        var list = ""
        var omitted: [String] = []
        for path in paths {
            guard Self.isPath(path), Files.exists(place(path)) else { throw .missing(path) }
            let names = try Self.files { () throws(UnixError) in try Files.names(in: place(path)) }
            for name in names where Self.isName(name) {
                guard withSensitive || !Self.isSensitive(name) else {
                    omitted.append("\(path)/\(name)")
                    continue
                }
                let digest = try Self.files { () throws(UnixError) in
                    try Self.add("\(place(path))/\(name)", as: "\(Self.folder)/\(path)/\(name)", to: archive)
                }
                list += "\(digest)  \(path)/\(name)\n"
            }
        }
        try Self.files { () throws(UnixError) in
            let bytes = Array(list.utf8)
            try archive.begin("\(Self.folder)/\(Self.sums)", size: Int64(bytes.count))
            try archive.add(bytes)
            try archive.end(size: Int64(bytes.count))
            try archive.finish()
        }
        return omitted
    }

    /// SHA-512 of the bytes as they went into the archive.
    private static func add(_ path: String, as name: String, to archive: borrowing TarWriter)
        throws(UnixError) -> String
    {
        let file = try FileDescriptor.open(path, [.read, .noFollow, .nonBlocking])
        let status = try file.status()
        guard status.kind == .regular else { throw UnixError("open", UnixError.invalid, path) }
        try archive.begin(name, size: status.size)
        var hash = Sha512()
        var offset: Int64 = 0
        while offset < status.size {
            let bytes = try file.read(upTo: Int(min(1 << 20, status.size - offset)), at: offset)
            // A file that is shorter than it was is no evidence.
            guard !bytes.isEmpty else { throw UnixError("read", UnixError.invalid, path) }
            try archive.add(bytes)
            hash.update(bytes)
            offset += Int64(bytes.count)
        }
        try archive.end(size: status.size)
        return hash.finish().description
    }
}

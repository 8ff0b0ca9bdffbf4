import Digest
import Unix

extension EvidenceStore {
    /// The signed list as one more name of the one copy.
    func keepList(_ bytes: [UInt8], in target: String) throws(EvidenceError) -> FileDigest {
        let sha256 = Sha256.hex(bytes)
        let one = "\(lists)/\(sha256).list"
        let name = "\(target)/\(Self.listFile)"
        try Self.files { () throws(UnixError) in
            try Files.makeDirectories(lists, mode: 0o700)
            var isMissing = try Files.status(one) == nil
            while true {
                // Two that write it at once write the same bytes under names of their own.
                if isMissing {
                    let own = "\(target)/\(Self.listFile).own"
                    try Files.write(bytes, to: own)
                    try Files.rename(own, to: one)
                    try Files.synchronize(directory: lists)
                }
                do throws(UnixError) {
                    try Files.link(one, to: name)
                    return
                } catch {
                    // Expiry has just removed the last use of it, or the copy has all the names that a file may have:
                    // 65,000 on ext4.
                    isMissing = [UnixError.noEntry, UnixError.tooManyLinks].contains(error.code)
                    guard isMissing else { throw error }
                }
            }
        }
        return FileDigest(name: Self.listFile, bytes: Int64(bytes.count), sha256: sha256)
    }

    /// Backups of a console that are kept: how many at most, and bytes of all of them.
    private static let backupLimit = (count: 16, bytes: Int64(64 << 20))

    /// The console, and of its backups the newest as far as the limits go.
    ///
    /// virtlogd makes them when the file has its `max_size`: `console.log.0` was printed before `console.log`, and
    /// `console.log.1` before that.
    func keep(console: String, in target: String) throws(EvidenceError) -> [FileDigest] {
        let name = "console.log"
        var kept: [FileDigest] = []
        if let file = try keepIfThere(.copy(of: console), as: name, in: target) { kept.append(file) }
        var room = Self.backupLimit.bytes
        for number in 0..<Self.backupLimit.count {
            let backup = "\(console).\(number)"
            guard let size = try Self.files({ () throws(UnixError) in try Files.status(backup)?.size }),
                size <= room,
                let file = try keepIfThere(.copy(of: backup), as: "\(name).\(number)", in: target)
            else { break }
            room -= file.bytes
            kept.append(file)
        }
        return kept
    }

    func keepIfThere(_ source: Source, as name: String, in target: String) throws(EvidenceError)
        -> FileDigest?
    {
        do throws(EvidenceError) {
            return try keep(source, as: name, in: target)
        } catch {
            if case .file(let failure) = error, failure.code == UnixError.noEntry { return nil }
            throw error
        }
    }

    func keep(_ source: Source, as name: String, in target: String) throws(EvidenceError)
        -> FileDigest
    {
        guard Self.isName(name) else { throw .invalidName(name) }
        let path = "\(target)/\(name)"
        return try Self.files(about: path) { () throws(UnixError) in
            switch source {
            case .bytes(let bytes):
                let file = try Self.create(path)
                try file.write(bytes)
                try file.synchronize(path)
                return FileDigest(name: name, bytes: Int64(bytes.count), sha256: Sha256.hex(bytes))
            case .copy(let original):
                let input = try FileDescriptor.open(original, [.read, .noFollow, .nonBlocking])
                guard try input.status().kind == .regular else {
                    throw UnixError("open", UnixError.invalid, original)
                }
                let file = try Self.create(path)
                var hash = Sha256()
                var count: Int64 = 0
                try input.pieces { (bytes) throws(UnixError) in
                    try file.writeSparsely(bytes, at: count)
                    hash.update(bytes)
                    count += Int64(bytes.count)
                }
                try file.truncate(to: count)
                try file.synchronize(path)
                return FileDigest(name: name, bytes: count, sha256: Hexadecimal.text(hash.finish()))
            }
        }
    }

    /// A new file, in place of what an earlier try left.
    private static func create(_ path: String) throws(UnixError) -> FileDescriptor {
        try Files.remove(path)
        return try FileDescriptor.open(path, [.write, .create, .exclusive, .noFollow], mode: 0o600)
    }

    /// Moves a file; one that is not there any more has been moved before.
    func move(_ source: String, as name: String, in directory: String) throws(EvidenceError) {
        do throws(UnixError) {
            guard let status = try Files.status(source) else { return }
            guard status.kind == .regular else { throw UnixError("rename", UnixError.invalid, source) }
            let file = try FileDescriptor.open(source, [.readWrite, .noFollow])
            try file.changeOwner(uid: Process.effectiveUser, gid: 0)
            try file.changeMode(0o600)
            try file.synchronize(source)
            try Files.rename(source, to: "\(directory)/\(name)")
        } catch {
            guard error.code == UnixError.crossDevice else { throw .file(error) }
            _ = try keep(.copy(of: source), as: name, in: directory)
            try Self.files { () throws(UnixError) in _ = try Files.remove(source) }
        }
    }

    func digest(of name: String, in target: String) throws(EvidenceError) -> FileDigest {
        try Self.files { () throws(UnixError) in
            let file = try FileDescriptor.open("\(target)/\(name)", [.read, .noFollow, .nonBlocking])
            var hash = Sha256()
            try file.pieces { hash.update($0) }
            return FileDigest(
                name: name, bytes: try file.status().size, sha256: Hexadecimal.text(hash.finish()))
        }
    }
}

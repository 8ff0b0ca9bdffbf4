import Digest
package import Unix

/// The agent's volume, shared by all machines of a node and named by the digest of its bytes.
package struct ToolsVolume: Hashable, Sendable {
    package static let label = "BIVOUAC"
    /// The agent's name on the volume.
    package static let program = "bivouac-guest"

    package let path: String
    /// SHA-512 in hex.
    package let digest: String

    /// The volume of this agent in the directory; made when the agent or the volume is not what it was.
    ///
    /// The agent is refused when others than its owner may write it.
    package static func current(agent: String, in directory: String, before deadline: Deadline)
        throws(ContextError) -> ToolsVolume
    {
        try ContextError.reading(directory) { () throws(UnixError) in
            try Files.makeDirectories(directory, mode: 0o755)
        }
        if let volume = try find(agent: agent, in: directory) { return volume }
        let lock = try ContextError.reading(directory) { () throws(UnixError) in
            try FileLock.acquire(directory + "/lock", before: deadline)
        }
        defer { withExtendedLifetime(lock) {} }
        if let volume = try find(agent: agent, in: directory) { return volume }
        return try make(agent: agent, in: directory)
    }

    private static func identity(ofAgent agent: String) throws(ContextError) -> FileIdentity {
        let status = try ContextError.reading(agent) { () throws(UnixError) in
            try FileDescriptor.open(agent, [.read, .nonBlocking]).status()
        }
        guard status.kind == .regular, status.mode & 0o022 == 0 else { throw .untrustedAgent(agent) }
        return FileIdentity(status)
    }

    /// What the index says: a line with the identity of the agent, that of the volume made of it and the volume's
    /// digest, so that a job start hashes neither.
    private static func find(agent: String, in directory: String) throws(ContextError) -> ToolsVolume? {
        guard let text = try? Files.read(directory + "/index", limit: 4096) else { return nil }
        let words = String(decoding: text, as: UTF8.self).split(separator: " ")
        guard words.count == 3, FileIdentity(String(words[0])) == (try identity(ofAgent: agent)),
            let digest = ImageDigest(words[2])
        else { return nil }
        let path = "\(directory)/\(digest).iso"
        let status = try ContextError.reading(path) { () throws(UnixError) in try Files.status(path) }
        guard let status, status.kind == .regular, FileIdentity(status) == FileIdentity(String(words[1]))
        else {
            return nil
        }
        return ToolsVolume(path: path, digest: digest.description)
    }

    private static func make(agent: String, in directory: String) throws(ContextError) -> ToolsVolume {
        let volume = try Volume(label: label, files: [.init(program, mode: 0o555, .copy(of: agent))])
        let before = try identity(ofAgent: agent)
        let temporary = directory + "/new.iso"
        _ = try ContextError.reading(temporary) { () throws(UnixError) in try Files.remove(temporary) }
        try volume.write(newFile: temporary, mode: 0o444)
        return try ContextError.reading(temporary) { () throws(UnixError) in
            let file = try FileDescriptor.open(temporary, [.read])
            try file.synchronize(temporary)
            var hash = Sha512()
            try file.pieces { hash.update($0) }
            let digest = hash.finish().description
            let path = "\(directory)/\(digest).iso"
            try Files.rename(temporary, to: path)
            try Files.synchronize(directory: directory)
            // An agent that was replaced meanwhile has another identity: the next job makes its volume.
            let index = "\(before) \(FileIdentity(try file.status())) \(digest)"
            try Files.write(index, to: directory + "/index")
            return ToolsVolume(path: path, digest: digest)
        }
    }
}

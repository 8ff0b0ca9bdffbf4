internal import Job
package import Unix

/// Where the agent may make what a launch order names.
///
/// The order comes from the job's user, the agent is root: nothing is made where a program of the image's
/// root might look for its own.
package enum Placement {
    /// Whether a directory of that path may be made.
    package static func allows(_ path: BytePath) -> Bool { GuestPlace.allows(path.bytes) }

    /// Makes a directory of the user's, empty, unless the image has one there.
    package static func makeDirectory(_ path: BytePath, mode: UInt32, for user: Identity) throws(AgentError) {
        let there = try AgentError.during(path.text) { () throws(UnixError) in try path.status() }
        guard there == nil else { return }
        guard allows(path) else { throw .forbiddenPlace(path.text) }
        try AgentError.during(path.text) { () throws(UnixError) in
            try path.makeDirectories(mode: mode, above: 0o755)
            try path.changeOwner(uid: user.uid, gid: user.gid)
        }
    }

    /// Makes a directory and those above it that the image lacks, all of them the user's.
    package static func makeDirectories(_ path: BytePath, for user: Identity) throws(AgentError) {
        if let parent = path.parent, parent.parent != nil { try makeDirectories(parent, for: user) }
        try makeDirectory(path, mode: 0o755, for: user)
    }

    /// A new file at exactly that path, the user's, in a directory that is made for it.
    package static func makeScript(_ path: BytePath, mode: UInt16, for user: Identity) throws(AgentError)
        -> FileDescriptor
    {
        guard let directory = path.parent, allows(path), allows(directory) else {
            throw .forbiddenPlace(path.text)
        }
        let isNew = try AgentError.during(path.text) { () throws(UnixError) in
            try directory.makeDirectories(mode: 0o755, above: 0o755)
        }
        guard isNew else { throw .occupiedPlace(path.text) }
        return try AgentError.during(path.text) { () throws(UnixError) in
            let file = try path.open([.write, .create, .exclusive, .noFollow], mode: 0o600)
            try file.changeOwner(uid: user.uid, gid: user.gid)
            try file.changeMode(UInt32(mode))
            return file
        }
    }
}

internal import Job
internal import Unix

/// A directory that a machine is to see live, as one user sees it.
///
/// The server reads requests of a hostile guest. It knows one user and one group, so that no other can be acted for;
/// its capabilities count for that user's own files alone; and it sees nothing but the directory, with which it covers
/// a place that every system has.
struct Share {
    static let usage = "usage: bivouac-share UID GID DIRECTORY rw|ro VIRTIOFSD, with a socket as descriptor 3"
    /// The one directory whose name needs no quoting in the server's options.
    private static let place = "/mnt"
    /// Inodes that a guest knows at a time; the server holds each of them open.
    private static let openFiles: UInt64 = 1 << 20

    let identity: Identity
    let server: String
    /// Taken as it is by nobody but this user.
    private let directory: BytePath
    private let isReadOnly: Bool

    init?(_ arguments: [String]) {
        guard arguments.count == 5, let uid = UInt32(arguments[0]), let gid = UInt32(arguments[1]), uid != 0,
            let directory = BytePath(Array(arguments[2].utf8)), directory.isAbsolute,
            ["rw", "ro"].contains(arguments[3]), arguments[4].hasPrefix("/")
        else { return nil }
        identity = Identity(uid: uid, gid: gid, groups: [])
        self.directory = directory
        isReadOnly = arguments[3] == "ro"
        server = arguments[4]
    }

    /// Sets what only root may; a core would hold the guest's memory.
    func limit() throws(UnixError) {
        try ResourceLimit(resource: ResourceLimit.coreSize, soft: 0, hard: 0).apply()
        for count in [Self.openFiles, Self.openFiles >> 4] {
            let limit = ResourceLimit(resource: ResourceLimit.openFiles, soft: count, hard: count)
            if (try? limit.apply()) != nil { return }
        }
    }

    /// Goes into the directory and says where that is, after all links.
    func enter() throws(UnixError) {
        try directory.enter()
        let path = try BytePath.current()
        let text = String(decoding: path.bytes, as: UTF8.self)
        guard text.utf8.elementsEqual(path.bytes), GuestPlace.allows(text: text) else {
            throw UnixError("share", UnixError.notPermitted, "\(directory.text), which is \(path.text)")
        }
        Process.report("directory \(text)")
    }

    /// Puts the directory over the place that the server is told of.
    func cover() throws(UnixError) {
        try Mounts.bind(".", at: Self.place)
        if isReadOnly { try Mounts.makeReadOnly(Self.place) }
    }

    /// The server, of QEMU's own kind; it makes itself a process and a mount namespace, and a filter of system calls.
    var execution: Execution {
        let words = [
            server, "--fd=3", "--rlimit-nofile=0", "-o", "source=\(Self.place)", "-o", "sandbox=namespace",
        ]
        let path = BytePath(Array(server.utf8)) ?? directory
        return Execution(
            path: path, arguments: words.map { Array($0.utf8) }, environment: Process.environmentBytes())
    }
}

package import Job
package import Site
package import Unix

/// The disk that a user's jobs keep on this node: one file of root's with a file system of the user's.
///
/// The node makes it and never looks into it again; a machine gets it as an open descriptor. One machine at a time has
/// it, as the records say.
package struct UserDisk {
    /// The name under which libvirt is given its descriptor.
    static let group = "userdisk"
    private static let setpriv = "/usr/bin/setpriv"
    private static let maker = "/sbin/mke2fs"
    /// What makes a disk, with the packages that have it.
    package static let programs = [
        (path: setpriv, package: "util-linux"), (path: maker, package: "e2fsprogs"),
    ]
    /// What every kernel since 2.6.28 understands.
    private static let features =
        "none,has_journal,ext_attr,dir_index,filetype,extent,sparse_super,large_file,huge_file,dir_nlink,flex_bg"

    private let uid: UInt32
    private let places: Places

    /// The disk of an account.
    package init(_ uid: UInt32, _ places: Places) {
        self.uid = uid
        self.places = places
    }

    private var directory: UserDiskDirectory { places.userDisk(uid) }

    /// Makes the disk if there is none; `machine` lends the account that writes the empty file system, the size is that
    /// of a new disk.
    func make(_ size: ByteCount, for user: Account, _ machine: Record.Machine, before deadline: Deadline)
        throws(MachineFault)
    {
        let directory = directory
        try atNode("could not make the disk of user '\(user.name)'") { () throws(UnixError) in
            try Files.makeDirectories(Files.parent(directory.path), mode: 0o711)
            try Files.makeDirectory(directory.path, mode: 0o711)
            guard !Files.exists(directory.disk) else { return }
            let new = directory.newDisk
            try Files.remove(new)
            let file = try FileDescriptor.open(new, [.write, .create, .exclusive, .noFollow], mode: 0o600)
            try file.truncate(to: size.bytes)
            try file.changeOwner(uid: machine.uid, gid: machine.gid)
            try Self.format(new, for: user, machine, before: deadline)
            try file.changeOwner(uid: 0, gid: 0)
            try file.synchronize(new)
            try Files.rename(new, to: directory.disk)
            try Files.synchronize(directory: directory.path)
        }
    }

    private static func format(
        _ path: String, for user: Account, _ machine: Record.Machine, before deadline: Deadline
    )
        throws(UnixError)
    {
        let result = try Child.run(
            setpriv,
            [
                "--reuid", "\(machine.uid)", "--regid", "\(machine.gid)", "--clear-groups", "--no-new-privs",
                "--",
                maker, "-q", "-F", "-t", "ext4", "-m", "0", "-I", "256", "-O", features, "-E",
                "root_owner=\(user.uid):\(user.gid)", path,
            ], seconds: max(1, min(deadline.seconds, 120)))
        guard result.succeeded else {
            let said = String(decoding: result.errors.prefix(300), as: UTF8.self).filter { !$0.isNewline }
            throw UnixError("mke2fs", UnixError.invalid, "\(path): \(said)")
        }
    }

    /// Removes the disks that somebody has died making: each may belong to an account that another machine gets.
    static func removeUnfinished(_ places: Places) throws(MachineFault) {
        let names = try atNode("could not list \(places.userDisks)") { () throws(UnixError) in
            try Files.names(in: places.userDisks)
        }
        for uid in names.compactMap({ UInt32($0) }) where Files.exists(places.userDisk(uid).newDisk) {
            let lock = try lockAccounts(places, before: Deadline(seconds: 20))
            defer { withExtendedLifetime(lock) {} }
            guard try UserDisk(uid, places).holder() == nil else { continue }
            _ = try atNode("could not remove what is no disk yet") { () throws(UnixError) in
                try Files.remove(places.userDisk(uid).newDisk)
            }
        }
    }

    /// Nobody is given a disk as long as it is held.
    private static func lockAccounts(_ places: Places, before deadline: Deadline) throws(MachineFault)
        -> FileLock
    {
        try atNode("could not lock the node's accounts") { () throws(UnixError) in
            try FileLock.acquire(places.accounts, before: deadline)
        }
    }

    /// The job whose machine has the disk; nil when none has.
    package func holder(except key: JobKey? = nil) throws(MachineFault) -> JobKey? {
        for other in try LiveJob.keys(places) where other != key {
            guard let record = try LiveJob.peek(other, places: places), record.uid == uid,
                record.userDisk == true, record.phase.mayHaveMachine || record.phase == .prepared
            else { continue }
            return other
        }
        return nil
    }
}

extension UserDisk {
    /// A disk on this node, for operators.
    package struct Entry: Sendable {
        package let uid: UInt32
        /// The most that it may hold, and what it takes of the node's disk.
        package let size: ByteCount
        package let used: ByteCount
        /// When it was last written to.
        package let changed: Timestamp
        package let holder: JobKey?
    }

    /// All disks on this node.
    package static func list(_ places: Places) throws(MachineFault) -> [Entry] {
        let names = try atNode("could not list \(places.userDisks)") { () throws(UnixError) in
            try Files.names(in: places.userDisks)
        }
        var entries: [Entry] = []
        for uid in names.compactMap({ UInt32($0) }).sorted() {
            let path = places.userDisk(uid).disk
            let status = try atNode("could not look at \(path)") { () throws(UnixError) in
                try Files.status(path)
            }
            guard let status, status.kind == .regular else { continue }
            entries.append(
                Entry(
                    uid: uid, size: ByteCount(status.size), used: ByteCount(status.allocated),
                    changed: Timestamp(seconds: status.modified / 1_000_000_000),
                    holder: try UserDisk(uid, places).holder()))
        }
        return entries
    }

    /// Removes the disk, while no machine can be given it; the job that has it, or nil when it is gone.
    package func remove(before deadline: Deadline) throws(MachineFault) -> JobKey? {
        let lock = try Self.lockAccounts(places, before: deadline)
        defer { withExtendedLifetime(lock) {} }
        if let holder = try holder() { return holder }
        let path = directory.path
        try atNode("could not remove \(path)") { () throws(UnixError) in try Files.removeTree(path) }
        return nil
    }
}

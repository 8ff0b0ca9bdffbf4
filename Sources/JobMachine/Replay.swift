internal import Evidence
internal import Job
internal import Libvirt
package import Site
package import Unix

/// A machine of the past, booted again from its start state for a look: the same image, context and
/// description, a new overlay, no network, no payload.
///
/// It lives as long as the process that holds its lock; `tick` ends those whose process has died.
package struct Replay: ~Copyable {
    package let directory: MachineDirectory
    package let domain: String
    private let ending: Ending
    private let lock: FileLock

    private init(_ directory: MachineDirectory, _ ending: Ending, _ lock: consuming FileLock) {
        self.directory = directory
        self.ending = ending
        self.lock = lock
        domain = Self.domain(directory)
    }

    /// No name of a job's machine begins like that, so that nobody takes it for one.
    private static func domain(_ directory: MachineDirectory) -> String {
        "replay-" + (directory.path.split(separator: "/").last ?? "")
    }

    /// Boots the machine of a start state; `path` is its place below the evidence directory.
    package static func start(_ path: String, by author: String, _ ending: Ending, before deadline: Deadline)
        throws(MachineFault) -> Replay
    {
        let kept = try ReplaySource(path, ending.places)
        return try make("\(kept.name)", cpus: kept.cpus, ending, before: deadline) {
            (directory, domain, share) throws(MachineFault) in
            // No audit line, no start.
            try kept.tell("evidence replay", by: author, at: ending.clock())
            try kept.boot(directory, domain: domain, share, ending)
        }
    }

    /// A machine beside the jobs': a directory of its own, an account and CPUs, and what `boot` makes of them.
    ///
    /// What others that died have left goes first.
    static func make(
        _ name: String, cpus: Int, _ ending: Ending, before deadline: Deadline,
        boot: (MachineDirectory, String, NodeShare) throws(MachineFault) -> Void
    ) throws(MachineFault) -> Replay {
        _ = try sweep(ending)
        let directory = MachineDirectory(path: "\(ending.places.replays)/\(name)")
        try atNode("could not make \(directory.path)") { () throws(UnixError) in
            try Files.makeDirectories(ending.places.run, mode: 0o755)
            try Files.makeDirectories(ending.places.state, mode: 0o755)
            try Files.makeDirectories(ending.places.replays, mode: 0o711)
            // QEMU passes through to its overlay and to nothing that it could list.
            try Files.makeDirectory(directory.path, mode: 0o711)
        }
        guard let lock = try tryLock(directory) else {
            throw .fault(.node, "\(directory.path) is in use: somebody else runs '\(name)' just now")
        }
        let replay = Replay(directory, ending, lock)
        do {
            try replay.stop()
            let share = try replay.claim(cpus, before: deadline)
            try boot(replay.directory, replay.domain, share)
        } catch {
            try? replay.end()
            throw error
        }
        return replay
    }

    /// Whether the guest has not ended itself.
    package borrowing func isRunning() throws(MachineFault) -> Bool {
        let name = domain
        let site = ending.site
        return try atNode("could not look for \(name)") { () throws(LibvirtError) in
            try Connection.open(site).lookup(uuid: MachineIdentity.uuid(of: name)) != nil
        }
    }

    /// Ends the machine and removes all that it was made of.
    package consuming func end() throws(MachineFault) {
        try stop()
        let path = directory.path
        try atNode("could not remove \(path)") { () throws(UnixError) in try Files.removeTree(path) }
    }

    /// Ends what processes that died have left; their names.
    package static func sweep(_ ending: Ending) throws(MachineFault) -> [String] {
        let names = try atNode("could not list replays") { () throws(UnixError) in
            try Files.names(in: ending.places.replays)
        }
        var swept: [String] = []
        for name in names {
            let directory = MachineDirectory(path: "\(ending.places.replays)/\(name)")
            guard let lock = try tryLock(directory) else { continue }
            try Replay(directory, ending, lock).end()
            swept.append(name)
        }
        return swept
    }

    private static func tryLock(_ directory: MachineDirectory) throws(MachineFault) -> FileLock? {
        try atNode("could not lock \(directory.path)") { () throws(UnixError) in
            try FileLock.tryAcquire(directory.path + "/lock")
        }
    }

    private borrowing func stop() throws(MachineFault) {
        let (name, site) = (domain, ending.site)
        try atNode("could not end \(name)") { () throws(LibvirtError) in
            guard let domain = try Connection.open(site).lookup(uuid: MachineIdentity.uuid(of: name)) else {
                return
            }
            try domain.destroy()
            try domain.undefine()
        }
    }

    /// An account and CPUs that no machine has; the file that says so is written under the node's lock.
    private borrowing func claim(_ cpus: Int, before deadline: Deadline) throws(MachineFault) -> NodeShare {
        let places = ending.places
        let lock = try atNode("could not lock the node's accounts") { () throws(UnixError) in
            try FileLock.acquire(places.accounts, before: deadline)
        }
        defer { withExtendedLifetime(lock) {} }
        let share = try NodeShare.free(cpus, ending.site, places)
        let path = directory.path + "/account"
        try atNode("could not write \(path)") { () throws(UnixError) in
            try Files.write(Self.words(of: share), to: path)
        }
        return share
    }

    /// A share in a word for each of its numbers: the account's, and those of the CPUs.
    static func words(of share: NodeShare) -> String {
        ([Int(share.account.uid)] + share.cpus).map(String.init).joined(separator: " ")
    }

    /// What replays have of the node: accounts that nobody else may have, and CPUs that others get last.
    static func machines(_ places: Places) throws(MachineFault) -> [Record.Machine] {
        try atNode("could not list replays") { () throws(UnixError) in
            try Files.names(in: places.replays).compactMap { name in
                guard let bytes = try? Files.read("\(places.replays)/\(name)/account", limit: 4096) else {
                    return nil
                }
                let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
                guard let uid = words.first.flatMap({ UInt32($0) }) else { return nil }
                return Record.Machine(
                    account: "", uid: uid, gid: 0, cpus: words.dropFirst().compactMap { Int($0) },
                    memory: ByteCount(0), virtualization: "", reason: "")
            }
        }
    }
}

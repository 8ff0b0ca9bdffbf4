internal import FoundationEssentials
package import Job
package import Site
package import Unix

/// A job's live directory with its record, held under the job's lock.
///
/// One process at a time has it; the record in the file is the truth, and every change of it goes through
/// `advance`, which knows only the steps of `Phase.after`. It outlives every process, but not the node's end, which
/// ends the machines as well: so it is not synchronised.
package struct LiveJob: ~Copyable {
    package let key: JobKey
    package let directory: JobDirectory
    package private(set) var record: Record
    private let lock: FileLock

    private static let recordLimit = 1 << 20

    /// The job's record; nil when the job has none here.
    package static func open(_ key: JobKey, places: Places, before deadline: Deadline) throws(MachineFault)
        -> LiveJob?
    {
        let directory = places.job(key)
        guard Files.exists(directory.path) else { return nil }
        let lock: FileLock
        do {
            lock = try FileLock.acquire(directory.lock, before: deadline)
        } catch {
            // The directory went while we waited: somebody else ended the job.
            if error.code == UnixError.noEntry { return nil }
            throw .fault(.node, "could not lock job \(key), which another process of ours holds: \(error)")
        }
        return try LiveJob(key, directory, lock)
    }

    /// Like `open`, for those who leave a job alone that another process of ours is at work on: nil then.
    package static func openUnlessBusy(_ key: JobKey, places: Places) throws(MachineFault) -> LiveJob? {
        let directory = places.job(key)
        guard Files.exists(directory.path), let lock = try lockUnlessBusy(key, directory) else { return nil }
        return try LiveJob(key, directory, lock)
    }

    /// Removes a directory that holds no record; false when it does, or somebody is at work on it.
    package static func removeUnrecorded(_ key: JobKey, places: Places) throws(MachineFault) -> Bool {
        let directory = places.job(key)
        guard let lock = try lockUnlessBusy(key, directory), try read(directory.record) == nil else {
            return false
        }
        defer { withExtendedLifetime(lock) {} }
        try removeAll(directory)
        return true
    }

    private static func lockUnlessBusy(_ key: JobKey, _ directory: JobDirectory) throws(MachineFault)
        -> FileLock?
    {
        do {
            return try FileLock.tryAcquire(directory.lock)
        } catch {
            if error.code == UnixError.noEntry { return nil }
            throw .fault(.node, "could not lock job \(key): \(error)")
        }
    }

    private init?(_ key: JobKey, _ directory: JobDirectory, _ lock: consuming FileLock) throws(MachineFault) {
        guard let record = try Self.read(directory.record) else {
            // Who waited for the lock while the job was ended has made the lock file anew; and a prologue may
            // have died at its first step.
            if !Files.exists(directory.record) { try Self.removeRest(directory) }
            return nil
        }
        self.init(key: key, directory: directory, record: record, lock: lock)
    }

    /// Removes the lock, last of all, and the directory; a new attempt that waited for the lock keeps what it
    /// has made since.
    private static func removeRest(_ directory: JobDirectory) throws(MachineFault) {
        try atNode("could not remove \(directory.path)") { () throws(UnixError) in
            try Files.remove(directory.lock)
            do throws(UnixError) {
                try Files.removeDirectory(directory.path)
            } catch {
                guard error.code == UnixError.notEmpty || error.code == UnixError.noEntry else { throw error }
            }
        }
    }

    /// Makes the directory and its first record; nil when another process has just made one.
    package static func create(_ record: Record, key: JobKey, places: Places, before deadline: Deadline)
        throws(MachineFault) -> LiveJob?
    {
        let directory = places.job(key)
        let lock = try makeLocked(directory, places, before: deadline)
        guard try read(directory.record) == nil else { return nil }
        let live = LiveJob(key: key, directory: directory, record: record, lock: lock)
        try live.write()
        return live
    }

    private static func makeLocked(_ directory: JobDirectory, _ places: Places, before deadline: Deadline)
        throws(MachineFault) -> FileLock
    {
        while true {
            do throws(UnixError) {
                try Files.makeDirectories(places.jobs, mode: 0o755)
                try Files.makeDirectory(directory.path, mode: 0o700)
                return try FileLock.acquire(directory.lock, before: deadline)
            } catch {
                // An epilogue removed the directory between the two steps.
                guard error.code == UnixError.noEntry, !deadline.isOver else {
                    throw .fault(.node, "could not make the job's directory: \(error)")
                }
            }
        }
    }

    private init(key: JobKey, directory: JobDirectory, record: Record, lock: consuming FileLock) {
        self.key = key
        self.directory = directory
        self.record = record
        self.lock = lock
    }

    /// Changes facts in the record and takes one step of the table; in the file when it returns.
    package mutating func advance(
        _ event: Event, at now: Timestamp, _ change: (inout Record) -> Void = { _ in }
    ) throws(MachineFault) {
        try step(event, at: now, change)
        try write()
    }

    /// Like `advance` for an ending, which goes on where the file takes nothing more: the file then stays as it was,
    /// and whoever comes next begins the ending again.
    mutating func advanceEnding(
        _ event: Event, at now: Timestamp, _ change: (inout Record) -> Void = { _ in }
    ) throws(MachineFault) {
        try step(event, at: now, change)
        do {
            try write()
        } catch {
            SystemLog.write(.warning, "job \(key) is \(record.phase.rawValue), unrecorded: \(error)")
        }
    }

    private mutating func step(_ event: Event, at now: Timestamp, _ change: (inout Record) -> Void)
        throws(MachineFault)
    {
        var next = record
        do {
            next.phase = try record.phase.after(event)
        } catch {
            throw .fault(.node, "job \(key): \(error)")
        }
        change(&next)
        // A machine that runs again has run before.
        next.times[event == .resume ? "resumed" : next.phase.rawValue] = now
        record = next
    }

    /// Changes facts in the record and leaves the machine in its phase; in the file when it returns.
    package mutating func note(_ change: (inout Record) -> Void) throws(MachineFault) {
        let phase = record.phase
        change(&record)
        record.phase = phase
        try write()
    }

    private borrowing func write() throws(MachineFault) {
        let path = directory.record
        let record = record
        try atNode("could not write \(path)") { () throws(UnixError) in
            try Files.write(try encode(record), to: path, mode: 0o644, durably: false)
        }
    }

    /// Puts the record as it stands somewhere else as well.
    borrowing func copyRecord(to path: String, durably: Bool = true) throws(MachineFault) {
        let record = record
        try atNode("could not write \(path)") { () throws(UnixError) in
            try Files.write(try encode(record), to: path, durably: durably)
        }
    }

    /// Lets the job's user pass through the directory, by name, to the record and to the socket that is hers.
    package borrowing func openToLauncher() throws(MachineFault) {
        let path = directory.path
        try atNode("could not open \(path)") { () throws(UnixError) in try Files.changeMode(path, 0o711) }
    }

    /// Removes all that the directory holds.
    package consuming func remove() throws(MachineFault) { try Self.removeAll(directory) }

    private static func removeAll(_ directory: JobDirectory) throws(MachineFault) {
        let path = directory.path
        try atNode("could not remove \(path)") { () throws(UnixError) in
            for name in try Files.names(in: path) where name != "lock" {
                try Files.removeTree(path + "/" + name)
            }
        }
        try removeRest(directory)
    }

    /// The record as it stands, without the lock: for those who only look.
    package static func peek(_ key: JobKey, places: Places) throws(MachineFault) -> Record? {
        try read(places.job(key).record)
    }

    /// The keys that have a live directory.
    package static func keys(_ places: Places) throws(MachineFault) -> [JobKey] {
        try atNode("could not list jobs") { () throws(UnixError) in
            try Files.names(in: places.jobs).compactMap { JobKey($0) }
        }
    }

    /// The jobs that have more on this node than evidence: a live directory, or a machine's files that outlived it, as
    /// after a reboot.
    package static func unended(_ places: Places) throws(MachineFault) -> Set<JobKey> {
        let machines = try atNode("could not list machines") { () throws(UnixError) in
            try Files.names(in: places.machines).compactMap { MachineName($0)?.key }
        }
        return Set(try keys(places)).union(machines)
    }

    /// A record that lies somewhere; nil when none does, or something that we have not written.
    static func read(_ path: String) throws(MachineFault) -> Record? {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: recordLimit)
        } catch {
            if error.code == UnixError.noEntry { return nil }
            throw .fault(.node, "could not read \(error)")
        }
        do {
            return try JSONDecoder().decode(Record.self, from: Data(bytes))
        } catch {
            // It must not keep anybody from ending the machine.
            SystemLog.write(.warning, "\(path) is not a record of this version and counts as lost")
            return nil
        }
    }
}

private func encode(_ record: Record) throws(UnixError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
        return Array(try encoder.encode(record)) + [0x0A]
    } catch {
        throw UnixError("encode", UnixError.invalid, "record")
    }
}

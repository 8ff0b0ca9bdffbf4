package import Job
package import Unix

extension EvidenceStore {
    /// Puts evidence on hold, or gives a hold that is there another reason; a hold of a quarantine leaves one that
    /// is there as it is.
    package func hold(_ path: String, _ hold: Hold, before deadline: Deadline) throws(EvidenceError) {
        let text = try Self.text(of: hold)
        try locked(before: deadline) { () throws(EvidenceError) in
            guard Self.isPath(path), Files.exists(place(path)) else { throw .missing(path) }
            guard hold.quarantine == nil || !isOnHold(path) else { return }
            try Self.files { () throws(UnixError) in try Files.write(text, to: "\(place(path))/\(Hold.file)")
            }
        }
    }

    /// Whether nothing may remove it, also where the hold's own words cannot be read.
    package func isHeld(_ path: String) throws(EvidenceError) -> Bool {
        guard Self.isPath(path) else { throw .missing(path) }
        return isOnHold(path)
    }

    private func isOnHold(_ path: String) -> Bool { Files.exists("\(place(path))/\(Hold.file)") }

    /// Ends a hold, or only that of a quarantine; false when there was none.
    package func release(_ path: String, ofQuarantine quarantine: Timestamp? = nil, before deadline: Deadline)
        throws(EvidenceError) -> Bool
    {
        try locked(before: deadline) { () throws(EvidenceError) in
            guard Self.isPath(path), Files.exists(place(path)) else { throw .missing(path) }
            let file = "\(place(path))/\(Hold.file)"
            if let quarantine, read(Hold.self, file)?.quarantine != quarantine { return false }
            return try Self.files { () throws(UnixError) in
                guard try Files.remove(file) else { return false }
                try Files.synchronize(directory: place(path))
                return true
            }
        }
    }

    /// Removes what is older than `keep` seconds and then, the oldest first, what passes the limit; returns the
    /// paths of what was removed.
    ///
    /// What is on hold neither goes nor counts: one large hold must not push out everybody else's evidence. Nothing
    /// goes of the `busy` jobs, which are asked for when it is known what there is, and nothing at all where the
    /// answer is nil. What changes meanwhile, as by a hold or an end, is judged the next time. Each removal is
    /// announced first, and does not happen where the answer is no. It stops at the deadline and goes on the next
    /// time. `isDry` only tells what would go.
    package func prune(
        keep: Int64, limit: ByteCount, isDry: Bool = false, now: Timestamp, before deadline: Deadline,
        busy: () -> Set<JobKey>?, announce: (EvidenceEntry) -> Bool = { _ in true }
    ) throws(EvidenceError) -> [String] {
        try locked(before: deadline) { () throws(EvidenceError) in try sweep(now) }
        let entries = try list().filter { !isOnHold($0.path) }
        guard let busy = busy() else { return [] }
        var total = entries.reduce(0) { $0 + $1.bytes }
        var removed: [String] = []
        for entry in entries.sorted(by: { Self.isOlder($0, $1) }) where !deadline.isOver {
            let isOld = entry.moment.map { now - $0 > keep } ?? Self.dayIsOver(entry, keep, now)
            let isBusy = MachineName(entry.name).map { busy.contains($0.key) } ?? false
            guard isOld || total > limit.bytes, !isBusy else { continue }
            // Nobody waits longer for the lock than one removal takes.
            let goes = try locked(before: deadline) { () throws(EvidenceError) in
                guard let present = try? self.entry(entry.path), present == entry, !isOnHold(entry.path),
                    isDry || announce(entry)
                else { return false }
                if !isDry { try remove(entry.path) }
                return true
            }
            guard goes else { continue }
            total -= entry.bytes
            removed.append(entry.path)
        }
        // What stays out of sight is the next one's first.
        try? locked(before: deadline) { () throws(EvidenceError) in try sweep(now) }
        return removed
    }

    private static func isOlder(_ one: EvidenceEntry, _ other: EvidenceEntry) -> Bool {
        guard let first = one.moment, let second = other.moment, first != second else {
            return one.path < other.path
        }
        return first < second
    }

    /// Where no record can be read, the directory's day counts.
    private static func dayIsOver(_ entry: EvidenceEntry, _ keep: Int64, _ now: Timestamp) -> Bool {
        guard let day = Timestamp("\(entry.path.prefix(10))T23:59:59Z") else { return false }
        return now - day > keep
    }

    /// Out of sight at once, then removed: half of a start state is never to be seen.
    private func remove(_ path: String) throws(EvidenceError) {
        try Self.files { () throws(UnixError) in
            try Files.makeDirectories(trash, mode: 0o700)
            let target = "\(trash)/\(path.split(separator: "/").joined(separator: "_"))"
            try Files.removeTree(target)
            try Files.rename(place(path), to: target)
        }
    }

    /// Removes what is out of sight, lists that no start state links to, and what writers that died have left.
    private func sweep(_ now: Timestamp) throws(EvidenceError) {
        try Self.files { () throws(UnixError) in
            try Files.removeTree(trash)
            let lists = directory + "/lists"
            for name in try Files.names(in: lists) {
                if try Files.status("\(lists)/\(name)")?.links == 1 { try Files.remove("\(lists)/\(name)") }
            }
            for day in try Files.names(in: directory) {
                guard let begin = Timestamp("\(day)T00:00:00Z") else { continue }
                let names = try Files.names(in: place(day))
                for name in names where name.hasSuffix(".new") {
                    try removeAbandoned("\(place(day))/\(name)")
                }
                // Start states are written to the present day alone.
                if now - begin > 3 * 86_400, names.allSatisfy({ $0.hasSuffix(".new") }) {
                    try Files.removeTree(place(day))
                }
            }
        }
    }

    /// Removes what a writer has begun, unless that one lives.
    private func removeAbandoned(_ path: String) throws(UnixError) {
        do throws(UnixError) {
            guard let lock = try FileLock.tryAcquire(directory: path) else { return }
            try Files.removeTree(path)
            withExtendedLifetime(lock) {}
        } catch {
            // It has its name by now.
            guard error.code == UnixError.noEntry else { throw error }
        }
    }

    private func lock(before deadline: Deadline) throws(EvidenceError) -> FileLock {
        do throws(UnixError) {
            try Files.makeDirectories(Files.parent(directory), mode: 0o755)
            try Files.makeDirectories(directory, mode: 0o700)
            return try FileLock.acquire(directory + "/lock", before: deadline)
        } catch {
            throw error.code == UnixError.timedOut ? .locked(directory) : .file(error)
        }
    }

    private func locked<Result>(before deadline: Deadline, _ body: () throws(EvidenceError) -> Result)
        throws(EvidenceError) -> Result
    {
        let lock = try lock(before: deadline)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }
}

package import Digest
import FoundationEssentials
package import Job
package import Unix

extension EvidenceStore {
    /// Bytes of the longest record that is read.
    private static let recordLimit = 1 << 20

    /// The days of which there is evidence, the oldest first.
    private func days() throws(EvidenceError) -> [String] {
        try Self.files { () throws(UnixError) in
            try Files.names(in: directory).filter { Timestamp("\($0)T00:00:00Z") != nil }
        }
    }

    /// Paths of all evidence, the oldest day first; what is being written or removed is not among it.
    package func paths() throws(EvidenceError) -> [String] {
        var paths: [String] = []
        for day in try days() {
            let names = try Self.files { () throws(UnixError) in try Files.names(in: place(day)) }
            paths += names.filter { Self.isName($0) && !$0.hasSuffix(".new") }.map { "\(day)/\($0)" }
        }
        return paths
    }

    /// Paths of a machine's evidence, the oldest first; the time does not grow with the number of jobs.
    package func paths(of name: MachineName) throws(EvidenceError) -> [String] {
        var found: [String] = []
        for day in try days() {
            var path = "\(day)/\(name)"
            var count = 1
            while try Self.files({ () throws(UnixError) in try Files.status(place(path)) != nil }) {
                found.append(path)
                count += 1
                path = "\(day)/\(name)~\(count)"
            }
        }
        return found
    }

    /// How many starts of a job have left a start state here without a gap: the attempt that comes next, where
    /// the batch system does not count them.
    package func nextAttempt(of key: JobKey) throws(EvidenceError) -> Int {
        var attempt = 0
        while !(try paths(of: MachineName(key: key, attempt: attempt)).isEmpty) { attempt += 1 }
        return attempt
    }

    /// All evidence, the oldest day first.
    package func list() throws(EvidenceError) -> [EvidenceEntry] {
        var entries: [EvidenceEntry] = []
        for path in try paths() {
            // Expiry may remove it meanwhile.
            if let entry = try? entry(path) { entries.append(entry) }
        }
        return entries
    }

    /// The evidence under a path; a record in it that cannot be read is nil.
    package func entry(_ path: String) throws(EvidenceError) -> EvidenceEntry {
        guard Self.isPath(path), Files.exists(place(path)) else { throw .missing(path) }
        let target = place(path)
        let bytes = try Self.files { () throws(UnixError) in
            var bytes: Int64 = 0
            for name in try Files.names(in: target) where name != Self.listFile {
                bytes += try Files.status("\(target)/\(name)")?.allocated ?? 0
            }
            return bytes
        }
        return EvidenceEntry(
            path: path, start: read(StartState.self, "\(target)/\(StartState.file)"),
            end: read(EndState.self, "\(target)/\(EndState.file)"),
            hold: read(Hold.self, "\(target)/\(Hold.file)"),
            bytes: bytes)
    }

    func read<Value: Decodable>(_ type: Value.Type, _ path: String) -> Value? {
        guard let bytes = try? Files.read(path, limit: Self.recordLimit) else { return nil }
        return try? JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Files that are missing or not as they were recorded, and files that were never recorded.
    ///
    /// Manifest and end state themselves are as recorded when they have the SHA-256 that the audit log names.
    package func damage(of path: String) throws(EvidenceError) -> [String] {
        let entry = try entry(path)
        let target = place(path)
        let recorded = (entry.start?.files ?? []) + (entry.end?.files ?? [])
        var damaged = recorded.filter { (try? digest(of: $0.name, in: target)) != $0 }.map(\.name)
        if entry.start == nil { damaged.append(StartState.file) }
        // Whoever died over a hold or an end has left a `.new`.
        let records = [EndState.file, Hold.file]
        var known = Set(recorded.map(\.name) + [StartState.file] + records + records.map { $0 + ".new" })
        // Until the machine has ended nothing else names it.
        if entry.end == nil { known.formUnion([Self.memoryFile, Self.unfinishedMemoryFile]) }
        damaged += try Self.files { () throws(UnixError) in
            try Files.names(in: target).filter { !known.contains($0) }
        }
        return damaged
    }

    /// SHA-256 of a start state's manifest, to be compared with the audit log's.
    package func manifestDigest(of path: String) throws(EvidenceError) -> String {
        guard Self.isPath(path) else { throw .missing(path) }
        return try digest(of: StartState.file, in: place(path)).sha256
    }

    /// SHA-256 of an end state, to be compared with the audit log's.
    package func endStateDigest(of path: String) throws(EvidenceError) -> String {
        guard Self.isPath(path) else { throw .missing(path) }
        return try digest(of: EndState.file, in: place(path)).sha256
    }

    /// The images that start states point at, with the start states' paths; the store must not let them go.
    ///
    /// A manifest that is damaged names none: nothing can be booted from it again. One that cannot be read just now
    /// is an error.
    package func images() throws(EvidenceError) -> [(path: String, digest: ImageDigest)] {
        var images: [(path: String, digest: ImageDigest)] = []
        for path in try paths() {
            let file = "\(place(path))/\(StartState.file)"
            let bytes: [UInt8]
            do throws(UnixError) {
                bytes = try Files.read(file, limit: Self.recordLimit)
            } catch {
                // An end alone, or gone meanwhile; and what is no manifest.
                if [UnixError.noEntry, UnixError.tooLarge].contains(error.code) { continue }
                throw .file(error)
            }
            let start = try? JSONDecoder().decode(StartState.self, from: Data(bytes))
            if let digest = start.flatMap({ ImageDigest($0.image.sha512) }) { images.append((path, digest)) }
        }
        return images
    }
}

extension EvidenceStore {
    /// Whether the machine's disk was kept.
    package func hasOverlay(_ path: String) throws(EvidenceError) -> Bool {
        guard Self.isPath(path) else { throw .missing(path) }
        return Files.exists("\(place(path))/\(Self.overlayFile)")
    }

    /// The machine's disk as it was kept.
    package func openOverlay(_ path: String) throws(EvidenceError) -> FileDescriptor {
        guard Self.isPath(path) else { throw .missing(path) }
        let file = "\(place(path))/\(Self.overlayFile)"
        return try Self.files { () throws(UnixError) in
            try FileDescriptor.open(file, [.read, .noFollow, .nonBlocking])
        }
    }
}

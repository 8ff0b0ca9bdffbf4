import Digest
import FoundationEssentials
import Job
import Unix

/// What remains of machines on this node: a directory for each, below one for each day; root's alone.
package struct EvidenceStore: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// Where signed lists lie, each once, by the SHA-256 of its bytes.
    var lists: String { directory + "/lists" }
    /// Where what is being removed goes first.
    var trash: String { directory + "/trash" }
    static let listFile = "list.signed"
    /// The memory of a machine that was quarantined; it holds whatever the job held.
    package static let memoryFile = "memory.elf"
    /// The same as long as it is being written.
    package static let unfinishedMemoryFile = memoryFile + ".new"
    /// What the guest wrote on its disk, where that is kept.
    package static let overlayFile = "overlay.qcow2"

    /// Whether a file of that name may hold the job's secrets: disks and memory.
    static func isSensitive(_ name: String) -> Bool {
        [overlayFile, memoryFile, unfinishedMemoryFile].contains(name)
    }

    func place(_ path: String) -> String { directory + "/" + path }

    /// A file to be kept.
    package enum Source {
        case bytes([UInt8])
        case copy(of: String)
    }

    /// Where a start state lies, and the SHA-256 of its manifest for the audit log.
    package struct Receipt: Hashable, Sendable {
        /// Below the evidence directory.
        package let path: String
        package let sha256: String
    }

    /// Writes a start state with its files and the signed list; all of it is durable when this returns.
    ///
    /// It is there as a whole or not at all, and replaces nothing: a second one of the same name on the same
    /// day stands beside the first.
    package func recordStart(
        _ state: StartState, files: [(name: String, source: Source)], signedList: [UInt8]
    ) throws(EvidenceError) -> Receipt {
        let day = directory + "/" + state.recorded.day
        let new = "\(day)/\(state.name).new"
        let lock = try Self.files { () throws(UnixError) in
            try Files.makeDirectories(Files.parent(directory), mode: 0o755)
            try makeDay(day)
            try Files.removeTree(new)
            return try Self.makeOwn(new)
        }
        defer { withExtendedLifetime(lock) {} }
        var state = state
        for (name, source) in files { state.files.append(try keep(source, as: name, in: new)) }
        state.files.append(try keepList(signedList, in: new))
        let manifest = try Self.text(of: state)
        let name = try Self.files(about: "\(new)/\(StartState.file)") { () throws(UnixError) in
            let file = try FileDescriptor.open(
                "\(new)/\(StartState.file)", [.write, .create, .exclusive, .noFollow], mode: 0o600)
            try file.write(manifest)
            try file.synchronize(StartState.file)
            try Files.synchronize(directory: new)
            let name = try Self.publish(new, as: "\(day)/\(state.name)")
            try Files.synchronize(directory: day)
            return name
        }
        return Receipt(path: "\(state.recorded.day)/\(name)", sha256: Sha256.hex(manifest))
    }

    /// Makes a directory that nobody takes for a dead writer's as long as the lock lives.
    private static func makeOwn(_ path: String) throws(UnixError) -> FileLock {
        while true {
            try Files.makeDirectory(path, mode: 0o700)
            do throws(UnixError) {
                if let lock = try FileLock.tryAcquire(directory: path) { return lock }
                // Whoever sweeps was faster, and is about to remove it.
                Deadline.sleep(milliseconds: 1)
            } catch {
                guard error.code == UnixError.noEntry else { throw error }
            }
        }
    }

    /// Makes a day's directory durably when it is not there.
    private func makeDay(_ path: String) throws(UnixError) {
        guard !Files.exists(path) else { return }
        try Files.makeDirectories(path, mode: 0o700)
        try Files.synchronize(directory: directory)
    }

    /// Gives a finished directory the first name that is free; renaming never replaces a directory with files.
    private static func publish(_ new: String, as path: String) throws(UnixError) -> String {
        var target = path
        var count = 1
        while true {
            if try Files.status(target) == nil {
                try Files.rename(new, to: target)
                return String(target.dropFirst(Files.parent(path).count + 1))
            }
            count += 1
            target = "\(path)~\(count)"
        }
    }

    /// Writes how a machine ended beside its start state, with its console and overlay where they are to be
    /// kept; the overlay is moved.
    ///
    /// Returns the end state that stands now, and its SHA-256, for the audit log. One that is there stays as it is: who
    /// ends a machine again knows less of it. After a death in between it goes on. A machine without a start state gets
    /// a directory of its own.
    @discardableResult
    package func recordEnd(
        _ state: EndState, at path: String, console: String?, overlay: String?
    ) throws(EvidenceError) -> (state: EndState, sha256: String) {
        guard Self.isPath(path) else { throw .invalidName(path) }
        let target = place(path)
        if let state = read(EndState.self, "\(target)/\(EndState.file)") {
            return (state, try endStateDigest(of: path))
        }
        try Self.files { () throws(UnixError) in
            guard !Files.exists(target) else { return }
            try makeDay(Files.parent(target))
            try Files.makeDirectory(target, mode: 0o700)
            try Files.synchronize(directory: Files.parent(target))
        }
        var state = state
        if let console { state.files += try keep(console: console, in: target) }
        if let overlay {
            let name = Self.overlayFile
            try move(overlay, as: name, in: target)
            if Files.exists("\(target)/\(name)") { state.files.append(try digest(of: name, in: target)) }
        }
        // Whoever wrote it died over it.
        _ = try Self.files { () throws(UnixError) in
            try Files.remove("\(target)/\(Self.unfinishedMemoryFile)")
        }
        if Files.exists("\(target)/\(Self.memoryFile)") {
            state.files.append(try digest(of: Self.memoryFile, in: target))
        }
        let text = try Self.text(of: state)
        try Self.files { () throws(UnixError) in try Files.write(text, to: "\(target)/\(EndState.file)") }
        return (state, Sha256.hex(text))
    }

    /// A day and a name below it, and nothing that leads elsewhere.
    static func isPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && Timestamp("\(parts[0])T00:00:00Z") != nil && isName(parts[1])
    }

    static func isName(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 128 else {
            return false
        }
        return name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
    }

    /// Runs a body; an error of it that names no file is about `subject`.
    static func files<Result: ~Copyable>(
        about subject: String = "", _ body: () throws(UnixError) -> Result
    ) throws(EvidenceError) -> Result {
        do throws(UnixError) {
            return try body()
        } catch {
            guard error.subject.isEmpty else { throw .file(error) }
            throw .file(UnixError(error.call, error.code, subject))
        }
    }

    /// Sorted and spaced for people, the same bytes for the same value.
    static func text(of value: some Encodable) throws(EvidenceError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else {
            throw .file(UnixError("encode", UnixError.invalid))
        }
        return [UInt8](data) + [UInt8(ascii: "\n")]
    }
}

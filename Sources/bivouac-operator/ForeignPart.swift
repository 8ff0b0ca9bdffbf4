import Command
import Difference
import JobMachine
import Libvirt
import Site
import Unix

/// The comparison of a file system that `bivouac-difference` cannot read: guestfish(1) reads the image's state and
/// the disk's, each in a small machine of its own, as tar archives.
///
/// Root opens files and starts programs, and reads nothing. The disk is served, read-only, by a program that can do
/// nothing else; each guestfish runs under an account number that nobody else has, without a network; a program
/// without any right compares what they write.
struct ForeignPart: ~Copyable {
    /// What is compared: an image and the disk that began as it.
    struct Disks: ~Copyable {
        let image: FileDescriptor
        let format: String
        let overlay: FileDescriptor
    }

    private static let guestfish = "/usr/bin/guestfish"
    private static let seconds = 900

    private let directory: String
    private let lock: FileLock

    /// The part with what differs in it, or with why that is not known.
    static func read(_ part: Difference.Part, on disks: borrowing Disks, _ tool: Tool) throws
        -> Difference.Part
    {
        let what = "\(part.name) holds \(part.kind)"
        guard Files.exists(guestfish) else {
            return part.unread("\(what), which takes guestfish to read: install it (Debian: guestfish)")
        }
        Process.report("bivouac: \(what): guestfish reads it, which takes \(seconds / 60) minutes at most")
        let site = try tool.site()
        let verdict = try? Hypervisor(site: site, places: tool.places).choose()
        return try begin(tool.places).read(part, disks, usesKVM: verdict?.kind == .kvm)
    }

    private init(_ directory: String, _ lock: consuming FileLock) {
        self.directory = directory
        self.lock = lock
    }

    private static func begin(_ places: Places) throws(UnixError) -> ForeignPart {
        try sweep(places)
        let directory = "\(places.looks)/\(Process.id)"
        try Files.makeDirectory(directory, mode: 0o711)
        guard let lock = try FileLock.tryAcquire(directory: directory) else {
            throw UnixError("flock", UnixError.exists, directory)
        }
        return ForeignPart(directory, lock)
    }

    deinit { try? Files.removeTree(directory) }

    /// Removes what processes that died have left.
    static func sweep(_ places: Places) throws(UnixError) {
        try Files.makeDirectories(places.looks, mode: 0o711)
        for name in try Files.names(in: places.looks) {
            let path = "\(places.looks)/\(name)"
            guard let lock = try FileLock.tryAcquire(directory: path) else { continue }
            try Files.removeTree(path)
            withExtendedLifetime(lock) {}
        }
    }

    private borrowing func read(_ part: Difference.Part, _ disks: borrowing Disks, usesKVM: Bool) throws
        -> Difference.Part
    {
        let old = try Side.make(0, below: directory)
        let new = try Side.make(1, below: directory)
        let server = try Child.start(
            Verbs.differenceProgram, ["serve", disks.format, "\(part.start)", "\(part.size)"],
            environment: [],
            descriptors: [
                disks.image.rawValue, disks.overlay.rawValue, old.socket.rawValue, new.socket.rawValue,
            ], seconds: Self.seconds)
        defer { withExtendedLifetime(server) {} }
        let one = try Pipe()
        let other = try Pipe()
        var before = try old.look(part.kind, usesKVM: usesKVM, into: one, seconds: Self.seconds)
        var after = try new.look(part.kind, usesKVM: usesKVM, into: other, seconds: Self.seconds)
        // The writers' ends are theirs alone from now on.
        let first = one.intoReader()
        let second = other.intoReader()
        let result = try Child.run(
            Verbs.differenceProgram, ["trees"], environment: [],
            descriptors: [first.rawValue, second.rawValue, 2], seconds: Self.seconds,
            outputLimit: Verbs.differenceLimit)
        // The first that failed says why.
        for (name, end) in [("image", try before.wait()), ("machine's disk", try after.wait())]
        where !end.succeeded {
            return part.unread("guestfish could not read the \(name): \(Verbs.words(of: end))")
        }
        guard result.succeeded else { return part.unread(Verbs.words(of: result)) }
        guard let found = try Verbs.difference(result.output).parts.first else { return part }
        return part.read(found)
    }
}

/// One of the two states, and where guestfish works on it.
private struct Side: ~Copyable {
    private let account: UInt32
    private let directory: String
    /// The disk listens here.
    let socket: FileDescriptor

    private init(_ account: UInt32, _ directory: String, _ socket: consuming FileDescriptor) {
        self.account = account
        self.directory = directory
        self.socket = socket
    }

    static func make(_ number: UInt32, below parent: String) throws(UnixError) -> Side {
        // No account has such a number, and no other process.
        let account = 0xF100_0000 + 2 * UInt32(Process.id) + number
        let directory = "\(parent)/\(number)"
        try Files.makeDirectory(directory, mode: 0o700)
        let socket = try Socket.listen(at: directory + "/disk")
        for path in [directory, directory + "/disk"] {
            try Files.changeOwner(path, uid: account, gid: account)
        }
        return Side(account, directory, socket)
    }

    func look(_ kind: String, usesKVM: Bool, into archive: borrowing Pipe, seconds: Int) throws(UnixError)
        -> Child
    {
        try Child.start(
            Verbs.differenceProgram, ["look", "\(account)", directory, kind, usesKVM ? "kvm" : "tcg"],
            environment: [], output: archive.writer.rawValue, seconds: seconds)
    }
}

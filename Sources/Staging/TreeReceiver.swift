package import GuestProtocol
internal import Unix

/// Makes below its places what a sender tells, and nothing anywhere else.
///
/// The walk goes from one open directory to the next by single names without following links, so whoever sends
/// cannot lead it out. Nothing is opened for reading.
package struct TreeReceiver: ~Copyable {
    /// How a file comes to its place.
    package enum Manner: Sendable {
        /// It is made there; the place is new.
        case new
        /// It is written under another name, and takes the place of what was there when it is whole.
        case aside
    }

    /// Why nothing more is taken.
    package enum Stop: Hashable, Sendable { case limit, disk }

    /// Bytes that each entry counts beside its content, since it takes room on a disk too.
    package static let entryCost: Int64 = 1024

    private let kind: FrameKind
    let places: [OpenPlace]
    let manner: Manner
    private let limit: Int64
    /// Files that nothing replaces.
    let kept: Set<FileKey>
    let mask: UInt32
    var nextPlace = 0
    var stack: [Level] = []
    /// Directories deep in one that could not be made.
    var skipped = 0
    var writing: Writing?
    /// Whether records of a file are coming, one that is dropped included.
    var isInFile = false
    /// Bytes counted towards the limit.
    private var charged: Int64 = 0
    package private(set) var isDone = false
    /// Whether the sender could tell everything; known at the end.
    package private(set) var isWhole = true
    package private(set) var stop: Stop?
    /// Bytes of content so far.
    package internal(set) var content: Int64 = 0
    package private(set) var complaints = Complaints()
    /// What has come to new places.
    package internal(set) var known: KnownFiles
    /// What had been sent before and may be removed; nil for nothing.
    let removable: SentTree?

    /// Takes frames of that kind, at most `limit` bytes of content and entries.
    package init(
        _ kind: FrameKind, into places: [OpenPlace], _ manner: Manner, limit: Int64 = .max,
        keeping kept: Set<FileKey> = [], removing removable: SentTree? = nil, remembersNames: Bool = false
    ) {
        self.kind = kind
        self.places = places
        self.manner = manner
        self.limit = limit
        self.kept = kept
        self.removable = removable
        mask = UInt32(Process.fileModeMask)
        known = KnownFiles(keepsNames: remembersNames)
    }

    deinit { if let writing, let level = stack.last { try? level.directory.remove(writing.temporary) } }

    /// Takes the body of a frame.
    package mutating func take(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        var reader = TreeRecordReader(kind, bytes, body)
        while let record = try reader.next() {
            guard !isDone else { throw malformed("a record behind the end") }
            try take(record, bytes)
        }
    }

    func malformed(_ what: String) -> ProtocolError { .badBody(kind, what) }

    private mutating func take(_ record: TreeRecord, _ bytes: [UInt8]) throws(ProtocolError) {
        switch record {
        case .data(let offset, let range): return try write(bytes, range, at: offset)
        case .close(let length): return try close(length)
        case .drop:
            guard isInFile else { throw malformed("the end of no file") }
            isInFile = false
            if manner == .aside, let writing {
                complaints.add(path + [writing.name], "it could not be read to its end")
            }
            return abandon(nil)
        default: break
        }
        guard !isInFile else { throw malformed("an entry inside a file") }
        switch record {
        case .place(let index, let attributes): try enterPlace(index, attributes)
        case .end(let isWhole):
            leavePlace()
            isDone = true
            self.isWhole = isWhole
        case .leave:
            if skipped > 0 {
                skipped -= 1
            } else if stack.count > 1 {
                leave()
            } else {
                throw malformed("the end of no directory")
            }
        case .directory(let name, let attributes):
            let isEntered = try entry(name) { (receiver, level) throws(UnixError) in
                try receiver.enter(name, attributes, in: level)
            }
            if !isEntered { skipped += 1 }
        case .file(let name, let attributes):
            isInFile = true
            try entry(name) { (receiver, level) throws(UnixError) in
                receiver.writing = try receiver.open(name, attributes, in: level)
            }
        case .link(let name, let target, let modified):
            try entry(name) { (receiver, level) throws(UnixError) in
                try receiver.link(name, target, modified, in: level)
            }
        case .gone(let name):
            try entry(name) { (receiver, level) throws(UnixError) in
                try receiver.remove(name, in: level)
            }
        case .data, .close, .drop: break
        }
    }

    var path: [FileName] { stack.compactMap(\.name) }

    /// Does something with an entry, if it may be there, and whether it could; what cannot be done is told with
    /// its path.
    @discardableResult
    private mutating func entry(
        _ name: FileName, _ body: (inout TreeReceiver, Level) throws(UnixError) -> Void
    ) throws(ProtocolError) -> Bool {
        guard skipped == 0 else { return false }
        guard let level = stack.last else { throw malformed("an entry in no place") }
        charge(Self.entryCost)
        guard stop == nil else { return false }
        if stack.count == 1, !places[nextPlace - 1].allows(name) {
            complaints.add([name], "nothing may come back under that name")
            return false
        }
        do throws(UnixError) {
            try body(&self, level)
            return true
        } catch {
            fail(path + [name], error)
            return false
        }
    }

    mutating func charge(_ bytes: Int64) {
        charged += bytes
        if charged > limit, stop == nil { stop = .limit }
    }

    /// Takes note of a directory that has come.
    mutating func remember(_ directory: FileStatus?, of level: Level) {
        guard manner == .new, let directory else { return }
        known.add(directory)
        guard let name = level.name, let parent = stack.last?.status else { return }
        known.add(directory, at: name, in: parent)
    }

    /// Takes note of what has come, where it is compared with later.
    mutating func remember(_ name: FileName, _ status: FileStatus?, in level: Level) {
        guard manner == .new else { return }
        if let status { known.add(status) }
        known.add(name, in: level.status)
    }

    mutating func fail(_ path: [FileName], _ error: UnixError) {
        complaints.add(path, error)
        if [UnixError.noSpace, UnixError.quotaExceeded].contains(error.code) { stop = .disk }
    }
}

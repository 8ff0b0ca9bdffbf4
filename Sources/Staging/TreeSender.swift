internal import GuestProtocol
internal import Unix

/// Walks the places and tells what is there, or what has changed since it came, in the bodies of frames.
///
/// Links are told as links and never followed; what is neither file, directory nor link is left out. A file that
/// grows meanwhile is told as long as it was when it was opened, one that shrinks as short as it became.
package struct TreeSender: ~Copyable {
    /// Names in front of which nothing that we write meanwhile stays.
    static let temporaryPrefix = Array(".bivouac-".utf8)
    /// Directories in each other, at most: each is held open.
    package static let deepest = 200
    /// Steps of one call, so that a long walk without news holds up nothing else.
    private static let steps = 512

    /// A directory on the way down.
    private final class Level {
        /// Nil for a place.
        let name: FileName?
        let directory: FileDescriptor
        let status: FileStatus
        let isChanged: Bool
        /// Whether it lies where the other side knows it.
        let isInPlace: Bool
        let names: [FileName]
        var gone: [FileName]
        let sent: SentDirectory?
        var next = 0

        init(
            _ name: FileName?, _ directory: consuming FileDescriptor, _ status: FileStatus, isChanged: Bool,
            isInPlace: Bool, names: [FileName], gone: [FileName], sent: SentDirectory?
        ) {
            self.name = name
            self.directory = directory
            self.status = status
            self.isChanged = isChanged
            self.isInPlace = isInPlace
            self.names = names
            self.gone = gone
            self.sent = sent
        }
    }

    /// A file whose bytes are being told.
    private final class Reading {
        let name: FileName
        let file: FileDescriptor
        var length: Int64
        var offset: Int64 = 0
        /// Bytes that are no hole.
        var data: Range<Int64>
        let isSparse: Bool

        init(_ name: FileName, _ file: consuming FileDescriptor, _ status: FileStatus) {
            self.name = name
            self.file = file
            length = status.size
            isSparse = status.allocated < status.size
            data = isSparse ? 0..<0 : 0..<Int64.max
        }
    }

    private let places: [OpenPlace]
    /// What the other side has; nil for nothing.
    private let known: KnownFiles?
    private let leftOut: Set<FileKey>
    /// Where everything that is told is noted; nil for nowhere.
    private let sent: SentTree?
    /// Whether files are counted instead of read.
    private let isCounting: Bool
    private var nextPlace = 0
    private var stack: [Level] = []
    /// How many levels of the stack the other side knows to be in.
    private var announced = 0
    private var reading: Reading?
    package private(set) var isDone = false
    /// Bytes of content so far.
    package private(set) var content: Int64 = 0
    package private(set) var complaints = Complaints()

    /// Tells of everything but what `known` knows and the files in `leftOut`, and notes it in `sent`.
    package init(
        _ places: [OpenPlace], since known: KnownFiles? = nil, leavingOut leftOut: Set<FileKey> = [],
        notingIn sent: SentTree? = nil
    ) {
        self.init(places, known, leftOut, sent, isCounting: false)
    }

    private init(
        _ places: [OpenPlace], _ known: KnownFiles?, _ leftOut: Set<FileKey>, _ sent: SentTree?,
        isCounting: Bool
    ) {
        self.places = places
        self.known = known
        self.leftOut = leftOut
        self.sent = sent
        self.isCounting = isCounting
    }

    /// Bytes that a sender of the same would tell, holes left out.
    package static func measure(_ places: [OpenPlace], leavingOut leftOut: Set<FileKey> = []) -> Int64 {
        var sender = TreeSender(places, nil, leftOut, nil, isCounting: true)
        var buffer = [UInt8](repeating: 0, count: FrameHeader.longestBody)
        while !sender.isDone { _ = sender.fill(&buffer, buffer.indices) }
        return sender.content
    }

    /// Writes the next records into the room and returns their length; 0 means that there was none to tell yet
    /// unless `isDone`.
    package mutating func fill(_ bytes: inout [UInt8], _ room: Range<Int>) -> Int {
        var out = TreeRecordWriter(room)
        for _ in 0..<Self.steps where !isDone {
            guard out.room >= TreeRecordWriter.longest else { break }
            if let reading {
                tell(reading, &out, &bytes)
            } else {
                step(&out, &bytes)
            }
        }
        return out.count
    }

    private mutating func tell(_ reading: Reading, _ out: inout TreeRecordWriter, _ bytes: inout [UInt8]) {
        if reading.offset >= reading.data.upperBound {
            reading.data = reading.file.data(from: reading.offset) ?? reading.length..<Int64.max
            reading.offset = min(reading.data.lowerBound, reading.length)
        }
        let left = min(reading.data.upperBound, reading.length) - reading.offset
        if left > 0 {
            do throws(UnixError) {
                let offset = reading.offset
                let count = try out.addData(offset: offset, upTo: left, to: &bytes) {
                    (bytes, start, most) throws(UnixError) in
                    try reading.file.read(into: &bytes, at: start, upTo: most, offset: offset)
                }
                if count == 0 { reading.length = offset }
                reading.offset += Int64(count)
                content += Int64(count)
            } catch {
                complain(reading.name, error)
                out.add(.drop, to: &bytes)
                self.reading = nil
                return
            }
        }
        guard reading.offset >= reading.length, out.room >= TreeRecordWriter.dataHeader else { return }
        out.add(.close(length: reading.length), to: &bytes)
        self.reading = nil
    }

    private mutating func step(_ out: inout TreeRecordWriter, _ bytes: inout [UInt8]) {
        guard let level = stack.last else { return enterPlace(&out, &bytes) }
        if announced < stack.count, level.isChanged || !level.gone.isEmpty { return announce(&out, &bytes) }
        if let name = level.gone.popLast() { return out.add(.gone(name), to: &bytes) }
        guard level.next < level.names.count else { return leave(&out, &bytes) }
        let name = level.names[level.next]
        level.next += 1
        do throws(UnixError) {
            guard let status = try level.directory.status(of: name), !leftOut.contains(FileKey(status)) else {
                return
            }
            switch status.kind {
            case .directory: try enter(name, in: level)
            case .socket, .other: break
            case .regular, .link:
                if level.isInPlace, known?.isUnchanged(status) == true { return }
                if announced == stack.count { return try tell(name, status, in: level, &out, &bytes) }
                // Once more, when the other side knows where that is.
                level.next -= 1
                announce(&out, &bytes)
            }
        } catch { complain(name, error) }
    }

    private mutating func tell(
        _ name: FileName, _ status: FileStatus, in level: Level, _ out: inout TreeRecordWriter,
        _ bytes: inout [UInt8]
    ) throws(UnixError) {
        if status.kind == .link {
            let target = try level.directory.target(of: name)
            level.sent?.files.insert(name)
            return out.add(.link(name, target: target, modified: status.modified), to: &bytes)
        }
        if isCounting {
            content += min(status.size, status.allocated < status.size ? status.allocated : status.size)
            return
        }
        // What is there may have become a pipe meanwhile, which must not be waited for.
        let file = try level.directory.open(name, [.read, .nonBlocking])
        let status = try file.status()
        guard status.kind == .regular else { return }
        out.add(.file(name, .init(mode: status.mode, modified: status.modified)), to: &bytes)
        level.sent?.files.insert(name)
        reading = Reading(name, file, status)
    }

    private mutating func enterPlace(_ out: inout TreeRecordWriter, _ bytes: inout [UInt8]) {
        guard nextPlace < places.count else {
            isDone = true
            return out.add(.end(isWhole: complaints.count == 0), to: &bytes)
        }
        let place = places[nextPlace]
        nextPlace += 1
        do throws(UnixError) {
            var names = try place.directory.names()
            if let chosen = place.names { names.removeAll { !chosen.contains($0) } }
            try push(nil, try place.directory.duplicate(), names: names, sent: sent?.places[nextPlace - 1])
        } catch { complaints.add([], error) }
    }

    private mutating func enter(_ name: FileName, in level: Level) throws(UnixError) {
        guard stack.count < Self.deepest else {
            return complaints.add(path + [name], "more than \(Self.deepest) directories in each other")
        }
        let directory = try level.directory.open(name, [.read, .directory])
        let names = try directory.names()
        let sent = level.sent.map { _ in SentDirectory() }
        level.sent?.directories[name] = sent
        try push(name, directory, names: names, sent: sent)
    }

    private mutating func push(
        _ name: FileName?, _ directory: consuming FileDescriptor, names: [FileName], sent: SentDirectory?
    ) throws(UnixError) {
        let status = try directory.status()
        // Never what a transfer that was interrupted has left.
        let names = names.filter { !$0.bytes.starts(with: Self.temporaryPrefix) }
        var isInPlace = true
        if let name, let parent = stack.last {
            isInPlace = parent.isInPlace && known?.isInPlace(status, at: name, in: parent.status) == true
        }
        let gone = isInPlace ? known?.gone(from: status, now: names) : nil
        stack.append(
            Level(
                name, directory, status, isChanged: !isInPlace || known?.isUnchanged(status) != true,
                isInPlace: isInPlace, names: names, gone: gone ?? [], sent: sent))
    }

    private mutating func announce(_ out: inout TreeRecordWriter, _ bytes: inout [UInt8]) {
        let level = stack[announced]
        let attributes = TreeRecord.Attributes(mode: level.status.mode, modified: level.status.modified)
        if let name = level.name {
            out.add(.directory(name, attributes), to: &bytes)
        } else {
            out.add(.place(nextPlace - 1, attributes), to: &bytes)
        }
        announced += 1
    }

    private mutating func leave(_ out: inout TreeRecordWriter, _ bytes: inout [UInt8]) {
        if announced == stack.count {
            announced -= 1
            // The next place, or the end, is the end of one.
            if stack.count > 1 { out.add(.leave, to: &bytes) }
        }
        stack.removeLast()
    }

    private var path: [FileName] { stack.compactMap(\.name) }

    private mutating func complain(_ name: FileName, _ error: UnixError) {
        complaints.add(path + [name], error)
    }
}

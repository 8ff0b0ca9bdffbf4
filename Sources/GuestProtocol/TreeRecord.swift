package import Unix

/// One step of a directory tree on its way: the body of a `sent` or `returned` frame is one or more of them, each
/// whole.
///
/// A tree is walked by one name at a time, so that no record can name anything outside of it, and there are no
/// records for devices, sockets and pipes.
package enum TreeRecord: Hashable, Sendable {
    /// What follows is in the place of that number in the `StageOrder`.
    case place(Int, Attributes)
    /// What follows is in this directory of the one before, until its `leave`.
    case directory(FileName, Attributes)
    case leave
    /// A file, whose bytes follow until its `close`.
    case file(FileName, Attributes)
    /// Bytes of the file; what is left out is a hole.
    case data(offset: Int64, Range<Int>)
    /// The end of a file, and its length.
    case close(length: Int64)
    /// The file could not be read: what has come of it is nothing.
    case drop
    case link(FileName, target: BytePath, modified: Int64)
    /// What came under that name before is there no more.
    case gone(FileName)
    /// The end of all, and whether nothing is missing that the sender was to tell.
    case end(isWhole: Bool)

    /// Permissions, no more than the nine bits of them, and nanoseconds since 1970.
    package struct Attributes: Hashable, Sendable {
        package let mode: UInt32
        package let modified: Int64

        package init(mode: UInt32, modified: Int64) {
            self.mode = mode & 0o777
            self.modified = modified
        }
    }
}

/// The first byte of each record.
enum TreeRecordKind: UInt8 {
    case place = 1
    case directory, leave, file, data, close, drop, link, gone, end
}

/// Takes the body of a frame apart into records; nothing in it is trusted.
package struct TreeRecordReader {
    private let kind: FrameKind
    private var fields: FieldReader

    /// The body of a frame of that kind.
    package init(_ kind: FrameKind, _ bytes: [UInt8], _ body: Range<Int>) {
        self.kind = kind
        fields = FieldReader(bytes, body)
    }

    /// The next record; nil at the end of the body.
    package mutating func next() throws(ProtocolError) -> TreeRecord? {
        guard !fields.isAtEnd else { return nil }
        do throws(FieldReader.Malformed) { return try record() } catch {
            throw .badBody(kind, error.what)
        }
    }

    private mutating func record() throws(FieldReader.Malformed) -> TreeRecord {
        let number = try fields.number(UInt8.self)
        guard let kind = TreeRecordKind(rawValue: number) else { throw .init(what: "record \(number)") }
        switch kind {
        case .place: return .place(Int(try fields.number(UInt16.self)), try attributes())
        case .directory: return .directory(try name(), try attributes())
        case .leave: return .leave
        case .file: return .file(try name(), try attributes())
        case .data:
            let offset = try length()
            let range = try fields.range(limit: FrameHeader.longestBody)
            guard offset <= Int64.max - Int64(range.count) else {
                throw .init(what: "an offset of \(offset)")
            }
            return .data(offset: offset, range)
        case .close: return .close(length: try length())
        case .drop: return .drop
        case .link:
            let name = try name()
            let modified = try fields.number(Int64.self)
            guard let target = BytePath(try fields.string(limit: 4095)) else {
                throw .init(what: "a link to nothing")
            }
            return .link(name, target: target, modified: modified)
        case .gone: return .gone(try name())
        case .end: return .end(isWhole: try fields.number(UInt8.self) == 1)
        }
    }

    private mutating func name() throws(FieldReader.Malformed) -> FileName {
        let range = try fields.shortRange()
        guard let name = FileName(fields.bytes[range]) else { throw .init(what: "a name that is none") }
        return name
    }

    private mutating func attributes() throws(FieldReader.Malformed) -> TreeRecord.Attributes {
        let mode = try fields.number(UInt16.self)
        return .init(mode: UInt32(mode), modified: try fields.number(Int64.self))
    }

    private mutating func length() throws(FieldReader.Malformed) -> Int64 {
        let length = try fields.number(Int64.self)
        guard length >= 0 else { throw .init(what: "a length of \(length)") }
        return length
    }
}

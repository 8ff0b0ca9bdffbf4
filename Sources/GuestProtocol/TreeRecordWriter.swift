package import Unix

/// Writes records in place into the body of a frame, as many as it has room for.
package struct TreeRecordWriter {
    /// Room that any record but `data` fits into.
    package static let longest = 4 + 8 + 1 + 1 + FileName.longest + 4096
    /// Bytes of a `data` record before its content.
    package static let dataHeader = 1 + 8 + 4

    private let start: Int
    private var position: Int
    private let end: Int

    /// Room in some bytes.
    package init(_ room: Range<Int>) {
        start = room.lowerBound
        position = room.lowerBound
        end = room.upperBound
    }

    /// Bytes that have been written.
    package var count: Int { position - start }
    /// Bytes that are left.
    package var room: Int { end - position }

    /// Adds a record other than `data`; there must be room for it.
    package mutating func add(_ record: TreeRecord, to bytes: inout [UInt8]) {
        switch record {
        case .place(let index, let attributes):
            put(.place, &bytes)
            put(UInt16(index), &bytes)
            put(attributes, &bytes)
        case .directory(let name, let attributes):
            put(.directory, &bytes)
            put(name, &bytes)
            put(attributes, &bytes)
        case .leave: put(.leave, &bytes)
        case .file(let name, let attributes):
            put(.file, &bytes)
            put(name, &bytes)
            put(attributes, &bytes)
        case .data: preconditionFailure("data is written in place")
        case .close(let length):
            put(.close, &bytes)
            put(length, &bytes)
        case .drop: put(.drop, &bytes)
        case .link(let name, let target, let modified):
            put(.link, &bytes)
            put(name, &bytes)
            put(modified, &bytes)
            put(UInt32(target.bytes.count), &bytes)
            put(target.bytes[...], &bytes)
        case .gone(let name):
            put(.gone, &bytes)
            put(name, &bytes)
        case .end(let isWhole):
            put(.end, &bytes)
            put(UInt8(isWhole ? 1 : 0), &bytes)
        }
    }

    /// Adds a `data` record whose content `read` writes: it is given the bytes, where to begin and how many
    /// at most, and returns how many it has written; for none nothing is added.
    ///
    /// There must be room for `longest`. What goes on in another record ends at a whole page, so that the other
    /// side writes whole pages.
    package mutating func addData(
        offset: Int64, upTo limit: Int64, to bytes: inout [UInt8],
        read: (inout [UInt8], Int, Int) throws(UnixError) -> Int
    ) throws(UnixError) -> Int {
        let space = room - Self.dataHeader
        let most = limit > Int64(space) ? space / 4096 * 4096 : Int(limit)
        let count = try read(&bytes, position + Self.dataHeader, most)
        guard count > 0 else { return 0 }
        put(.data, &bytes)
        put(offset, &bytes)
        put(UInt32(count), &bytes)
        position += count
        return count
    }

    private mutating func put(_ kind: TreeRecordKind, _ bytes: inout [UInt8]) {
        bytes[position] = kind.rawValue
        position += 1
    }

    private mutating func put(_ name: FileName, _ bytes: inout [UInt8]) {
        bytes[position] = UInt8(name.bytes.count)
        position += 1
        put(name.bytes, &bytes)
    }

    private mutating func put(_ attributes: TreeRecord.Attributes, _ bytes: inout [UInt8]) {
        put(UInt16(attributes.mode), &bytes)
        put(attributes.modified, &bytes)
    }

    private mutating func put(_ number: some FixedWidthInteger, _ bytes: inout [UInt8]) {
        for shift in 0..<(number.bitWidth / 8) {
            bytes[position + shift] = UInt8(truncatingIfNeeded: number >> (8 * shift))
        }
        position += number.bitWidth / 8
    }

    private mutating func put(_ content: ArraySlice<UInt8>, _ bytes: inout [UInt8]) {
        for byte in content {
            bytes[position] = byte
            position += 1
        }
    }
}

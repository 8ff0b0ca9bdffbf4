package import Disk

extension Volume {
    /// The most that a directory may hold.
    private static let entryLimit = 4 << 20
    private static let directoryLimit: UInt64 = 1 << 30

    /// Names in a directory and the inodes that they stand for, `.` and `..` left out; any bytes may be in a
    /// name, also those that no kernel would put there.
    package func entries(of directory: Inode) throws(DiskError) -> [[UInt8]: UInt32] {
        var entries: [[UInt8]: UInt32] = [:]
        if let bytes = try inlineContent(of: directory) {
            // Four bytes of the parent's number; what follows in the inode's attributes is a block of its own.
            let all = Bytes(bytes)
            let first = min(60, all.count)
            try Self.parse(try all.part(min(4, first), max(0, first - 4)), fileTypes, &entries)
            if all.count > first { try Self.parse(try all.from(first), fileTypes, &entries) }
            return entries
        }
        guard directory.size <= Self.directoryLimit else {
            throw .unsupported("a directory of \(directory.size) bytes")
        }
        for run in try blocks(of: directory).runs {
            for place in run.blocks {
                try Self.parse(try block(place), fileTypes, &entries)
                guard entries.count <= Self.entryLimit else {
                    throw .unsupported("a directory of more than \(Self.entryLimit) names")
                }
            }
        }
        return entries
    }

    private var fileTypes: Bool { superblock.incompatible.contains(.fileType) }

    /// The entries of one block; an index of names looks like an unused one.
    private static func parse(_ block: Bytes, _ fileTypes: Bool, _ entries: inout [[UInt8]: UInt32])
        throws(DiskError)
    {
        var offset = 0
        while offset + 8 <= block.count {
            let number: UInt32 = try block.little(offset)
            var length = Int(try block.little(UInt16.self, offset + 4))
            // A block of 64 KiB is longer than the field can say.
            if length == 0xFFFF || length == 0 { length = block.count - offset }
            guard length >= 8, length <= block.count - offset else {
                throw .malformed("a directory with an entry of \(length) bytes")
            }
            let nameLength =
                fileTypes
                ? Int(try block.little(UInt8.self, offset + 6))
                : Int(try block.little(UInt16.self, offset + 6))
            if number != 0 {
                guard nameLength > 0, nameLength <= length - 8 else {
                    throw .malformed("a directory with a name of \(nameLength) bytes in \(length)")
                }
                let name = try block.part(offset + 8, nameLength).array
                if name != [0x2E] && name != [0x2E, 0x2E] { entries[name] = number }
            }
            offset += length
        }
    }
}

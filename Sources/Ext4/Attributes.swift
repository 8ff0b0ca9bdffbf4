package import Disk

extension Volume {
    private static let prefixes: [UInt8: String] = [
        0: "", 1: "user.", 2: "system.posix_acl_access", 3: "system.posix_acl_default", 4: "trusted.",
        6: "security.", 7: "system.", 8: "system.richacl",
    ]
    private static let mark: UInt32 = 0xEA02_0000
    private static let valueLimit: UInt32 = 1 << 16

    /// Extended attributes, xattr(7), by their names.
    package func attributes(of inode: Inode) throws(DiskError) -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        if inode.raw.count > 128 {
            let offset = 128 + Int(try inode.raw.little(UInt16.self, 128))
            if offset + 8 <= inode.raw.count, try inode.raw.little(UInt32.self, offset) == Self.mark {
                let area = try inode.raw.from(offset + 4)
                try parse(area, values: area, &found)
            }
        }
        if inode.attributeBlock != 0 {
            let area = try block(inode.attributeBlock)
            guard try area.little(UInt32.self, 0) == Self.mark else {
                throw .malformed("extended attributes without their mark")
            }
            try parse(try area.from(32), values: area, &found)
        }
        return found
    }

    private func parse(_ entries: Bytes, values: Bytes, _ found: inout [String: [UInt8]]) throws(DiskError) {
        var offset = 0
        while offset + 16 <= entries.count, try entries.little(UInt32.self, offset) != 0 {
            let length = Int(try entries.little(UInt8.self, offset))
            let index: UInt8 = try entries.little(offset + 1)
            let place = Int(try entries.little(UInt16.self, offset + 2))
            let number: UInt32 = try entries.little(offset + 4)
            let size: UInt32 = try entries.little(offset + 8)
            guard size <= Self.valueLimit else { throw .malformed("an attribute of \(size) bytes") }
            let name = String(decoding: try entries.part(offset + 16, length).array, as: UTF8.self)
            let prefix = Self.prefixes[index] ?? "\(index)."
            found[prefix + name] =
                number == 0
                ? try values.part(place, Int(size)).array
                : try content(of: try inode(number), limit: Int(size))
            offset += (16 + length + 3) / 4 * 4
        }
    }
}

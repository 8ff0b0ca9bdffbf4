internal import Disk

/// A file, directory or other thing of an ext file system, without its names.
package struct Inode: Sendable {
    /// What it is, see inode(7).
    package enum Kind: String, Sendable {
        case pipe, characterDevice, directory, blockDevice, file, link, socket, unknown
    }

    /// What lsattr(1) shows, as far as it matters here.
    struct Flags: OptionSet {
        let rawValue: UInt32
        static let immutable = Flags(rawValue: 0x10)
        static let appendOnly = Flags(rawValue: 0x20)
        static let encrypted = Flags(rawValue: 0x800)
        static let extents = Flags(rawValue: 0x80000)
        static let inlineData = Flags(rawValue: 0x1000_0000)
    }

    package let number: UInt32
    package let kind: Kind
    /// Permission bits, set-id and sticky bits.
    package let mode: UInt16
    package let uid: UInt32
    package let gid: UInt32
    /// Length in bytes.
    package let size: UInt64
    /// Seconds since 1970.
    package let modified: Int64
    package let links: UInt16
    package let generation: UInt32
    let flags: Flags
    /// Where the attributes that do not fit into the inode lie; 0 for none.
    let attributeBlock: UInt64
    /// Sectors of 512 bytes, or blocks of huge files.
    let allocated: UInt32
    /// When it was deleted; in the list of orphans the next inode.
    let deleted: UInt32
    /// All of it, as it lies in the table.
    let raw: Bytes

    init(_ number: UInt32, _ raw: Bytes) throws(DiskError) {
        self.number = number
        self.raw = raw
        let bits: UInt16 = try raw.little(0)
        mode = bits & 0o7777
        kind =
            switch bits >> 12 {
            case 0x1: .pipe
            case 0x2: .characterDevice
            case 0x4: .directory
            case 0x6: .blockDevice
            case 0x8: .file
            case 0xA: .link
            case 0xC: .socket
            default: .unknown
            }
        uid = UInt32(try raw.little(UInt16.self, 2)) | UInt32(try raw.little(UInt16.self, 0x78)) << 16
        gid = UInt32(try raw.little(UInt16.self, 0x18)) | UInt32(try raw.little(UInt16.self, 0x7A)) << 16
        size = UInt64(try raw.little(UInt32.self, 4)) | UInt64(try raw.little(UInt32.self, 0x6C)) << 32
        var seconds = Int64(Int32(bitPattern: try raw.little(UInt32.self, 0x10)))
        deleted = try raw.little(0x14)
        links = try raw.little(0x1A)
        allocated = try raw.little(0x1C)
        flags = Flags(rawValue: try raw.little(0x20))
        generation = try raw.little(0x64)
        attributeBlock =
            UInt64(try raw.little(UInt32.self, 0x68)) | UInt64(try raw.little(UInt16.self, 0x76)) << 32
        if raw.count > 128, try raw.little(UInt16.self, 128) >= 0x8C - 128 {
            seconds += Int64(try raw.little(UInt32.self, 0x88) & 3) << 32
        }
        modified = seconds
    }

    package var isImmutable: Bool { !flags.isDisjoint(with: [.immutable, .appendOnly]) }
    package var isEncrypted: Bool { flags.contains(.encrypted) }

    /// Major and minor number of a device.
    package var device: String? {
        guard kind == .characterDevice || kind == .blockDevice, let old: UInt32 = try? raw.little(0x28),
            let new: UInt32 = try? raw.little(0x2C)
        else { return nil }
        guard old == 0 else { return "\(old >> 8 & 0xFF):\(old & 0xFF)" }
        return "\(new >> 8 & 0xFFF):\(new & 0xFF | new >> 12 & 0xFFF00)"
    }

    /// The sixty bytes that say where the content lies, or are it.
    var map: Bytes { get throws(DiskError) { try raw.part(0x28, 60) } }

    /// Whether the content stands in the map itself.
    var isShortLink: Bool { kind == .link && size < 60 && flags.isDisjoint(with: [.extents, .inlineData]) }

    /// Whether both are the same in the table: but for times of reading and change, and checksums, which
    /// follow from the rest.
    package func isSame(as other: Inode) -> Bool {
        guard raw.count == other.raw.count else { return false }
        if raw == other.raw { return true }
        // Access and change time, checksums, and the finer parts of both times.
        let volatile: [Range<Int>] = [8..<16, 0x7C..<0x7E, 0x82..<0x88, 0x8C..<0x90]
        func blanked(_ bytes: Bytes) -> [UInt8] {
            var array = bytes.array
            for range in volatile where range.upperBound <= array.count {
                for index in range { array[index] = 0 }
            }
            return array
        }
        return blanked(raw) == blanked(other.raw)
    }
}

extension Inode {
    /// The block of extended attributes, where there is one.
    package var attributeBlocks: [UInt64] { attributeBlock == 0 ? [] : [attributeBlock] }
    package var attributeBlockIsUsed: Bool { attributeBlock != 0 }
}

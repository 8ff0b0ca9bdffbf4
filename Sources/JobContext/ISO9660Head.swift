/// Takes out of an ISO 9660 image what depends on the moment, the time zone and the account of its making, and
/// writes its label as it is: libarchive would write another one where ECMA-119 allows less letters.
///
/// Layout: ECMA-119 sections 8.4 (descriptors) and 9.1 (directory records); Rock Ridge entries: IEEE P1282,
/// sections 4.1.1 (PX) and 4.1.6 (TF).
struct ISO9660Head {
    static let sector = 2048
    /// Everything before the first file's content; what is looked at must lie in it.
    static let limit = 1 << 18

    /// 1980-01-01 00:00:00 UTC: years since 1900, month, day, hour, minute, second, zone.
    private static let short: [UInt8] = [80, 1, 1, 0, 0, 0, 0]
    /// The same moment in the descriptors' form of sixteen digits and a zone.
    private static let long = Array("1980010100000000".utf8) + [0]
    private static let never = Array(String(repeating: "0", count: 16).utf8) + [0]

    /// Directories within directories, more than `Volume` makes.
    private static let depthLimit = 8

    private var bytes: [UInt8]
    private let label: String

    /// The head of an image with every date set to one moment, every owner to root and this label; nil when it
    /// is not what it should be, and then no byte of it is to be trusted.
    static func normalised(_ bytes: [UInt8], label: String) -> [UInt8]? {
        var head = ISO9660Head(bytes: bytes, label: label)
        return head.normalise() ? head.bytes : nil
    }

    private mutating func normalise() -> Bool {
        var descriptor = 16 * Self.sector
        while descriptor + Self.sector <= bytes.count {
            guard bytes[(descriptor + 1)..<(descriptor + 6)].elementsEqual("CD001".utf8) else { return false }
            switch bytes[descriptor] {
            case 1, 2:
                put(labelField(wide: bytes[descriptor] == 2), at: descriptor + 40)
                put(Self.long, at: descriptor + 813)
                put(Self.long, at: descriptor + 830)
                put(Self.never, at: descriptor + 847)
                put(Self.long, at: descriptor + 864)
                guard directory(of: descriptor + 156, depth: 0) else { return false }
            case 255:
                return clearInformation(at: descriptor + Self.sector)
            default: return false
            }
            descriptor += Self.sector
        }
        return false
    }

    /// libarchive notes its version, its options and the time behind the terminator; nobody reads that.
    private mutating func clearInformation(at offset: Int) -> Bool {
        guard offset + Self.sector <= bytes.count else { return false }
        put([UInt8](repeating: 0, count: Self.sector), at: offset)
        return true
    }

    /// The field of 32 bytes: padded with spaces, in Joliet's tree as UCS-2, most significant byte first.
    private func labelField(wide: Bool) -> [UInt8] {
        let letters = Array(label.utf8.prefix(16)) + [UInt8](repeating: 0x20, count: 32)
        return Array(letters.flatMap { wide ? [0, $0] : [$0] }.prefix(32))
    }

    /// Fixes a directory's own record and all records of the directory it points to.
    private mutating func directory(of parent: Int, depth: Int) -> Bool {
        put(Self.short, at: parent + 18)
        let start = word(at: parent + 2) * Self.sector
        let end = start + word(at: parent + 10)
        guard depth < Self.depthLimit, start > 0, end <= bytes.count else { return false }
        var record = start
        while record < end {
            let length = Int(bytes[record])
            if length == 0 {
                // Records do not cross sectors: the rest of this one is empty.
                record = (record / Self.sector + 1) * Self.sector
                continue
            }
            guard length >= 34, record + length <= end else { return false }
            put(Self.short, at: record + 18)
            let name = Int(bytes[record + 32])
            let system = record + 33 + name + (name % 2 == 0 ? 1 : 0)
            guard system <= record + length, extensions(system..<(record + length), depth: 0) else {
                return false
            }
            // Not the directory itself and its parent, whose names are a byte of 0 and of 1.
            let isSelf = name == 1 && bytes[record + 33] <= 1
            if bytes[record + 25] & 0x02 != 0, !isSelf, !directory(of: record, depth: depth + 1) {
                return false
            }
            record += length
        }
        return true
    }

    /// Fixes the Rock Ridge entries of one record, and of the areas they are continued in.
    private mutating func extensions(_ area: Range<Int>, depth: Int) -> Bool {
        guard depth < 8, area.upperBound <= bytes.count else { return false }
        var entry = area.lowerBound
        while entry + 4 <= area.upperBound {
            let length = Int(bytes[entry + 2])
            // One byte of padding may remain.
            if bytes[entry] == 0 { return true }
            guard length >= 4, entry + length <= area.upperBound else { return false }
            switch (bytes[entry], bytes[entry + 1]) {
            case (UInt8(ascii: "T"), UInt8(ascii: "F")):
                // The long form has other widths; libarchive writes the short one.
                guard length >= 5, bytes[entry + 4] & 0x80 == 0, (length - 5) % 7 == 0 else { return false }
                for stamp in stride(from: entry + 5, to: entry + length, by: 7) { put(Self.short, at: stamp) }
            case (UInt8(ascii: "P"), UInt8(ascii: "X")):
                guard length >= 36 else { return false }
                put([UInt8](repeating: 0, count: 16), at: entry + 20)
            case (UInt8(ascii: "C"), UInt8(ascii: "E")):
                guard length >= 28 else { return false }
                let start = word(at: entry + 4) * Self.sector + word(at: entry + 12)
                guard extensions(start..<(start + word(at: entry + 20)), depth: depth + 1) else {
                    return false
                }
            default: break
            }
            entry += length
        }
        return true
    }

    private mutating func put(_ new: [UInt8], at offset: Int) {
        bytes.replaceSubrange(offset..<(offset + new.count), with: new)
    }

    /// A 32-bit number, least significant byte first.
    private func word(at offset: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}

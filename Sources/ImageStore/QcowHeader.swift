/// The header of a qcow2 file, versions 2 and 3; see docs/interop/qcow2.txt of QEMU.
struct QcowHeader: Equatable {
    static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]
    /// Bytes that every header of version 3 has.
    static let length = 104

    var version: Int
    var backingFileOffset: UInt64
    var clusterBits: Int
    /// Length of the disk in bytes.
    var virtualSize: UInt64
    var encryption: Int
    /// Entries of the first-level table.
    var l1Size: Int
    var l1Offset: UInt64
    var refcountTableOffset: UInt64
    var refcountTableClusters: Int
    var snapshots: Int
    var incompatible: Incompatible
    var refcountOrder: Int
    var headerLength: Int

    /// Features without which the file cannot be read.
    struct Incompatible: OptionSet {
        let rawValue: UInt64
        static let dirty = Incompatible(rawValue: 1 << 0)
        static let corrupt = Incompatible(rawValue: 1 << 1)
        static let externalDataFile = Incompatible(rawValue: 1 << 2)
        static let compressionType = Incompatible(rawValue: 1 << 3)
        static let extendedL2 = Incompatible(rawValue: 1 << 4)
    }

    /// Reads the fixed fields; nil when the bytes are too few or of another format.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= 72, bytes.starts(with: Self.magic) else { return nil }
        func number(_ offset: Int, _ width: Int) -> UInt64 {
            bytes[offset..<(offset + width)].reduce(0) { $0 << 8 | UInt64($1) }
        }
        version = Int(number(4, 4))
        backingFileOffset = number(8, 8)
        clusterBits = Int(number(20, 4))
        virtualSize = number(24, 8)
        encryption = Int(number(32, 4))
        l1Size = Int(number(36, 4))
        l1Offset = number(40, 8)
        refcountTableOffset = number(48, 8)
        refcountTableClusters = Int(number(56, 4))
        snapshots = Int(number(60, 4))
        if version == 2 {
            incompatible = []
            refcountOrder = 4
            headerLength = 72
        } else {
            guard bytes.count >= Self.length else { return nil }
            incompatible = Incompatible(rawValue: number(72, 8))
            refcountOrder = Int(number(96, 4))
            headerLength = Int(number(100, 4))
        }
    }

    /// Bytes of the disk that one entry of the first-level table stands for.
    static func bytesPerL1Entry(clusterBits: Int, extendedL2: Bool) -> UInt64 {
        UInt64(1) << (2 * clusterBits - (extendedL2 ? 4 : 3))
    }
}

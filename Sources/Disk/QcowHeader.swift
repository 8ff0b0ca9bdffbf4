/// The header of a qcow2 file, versions 2 and 3; see docs/interop/qcow2.txt of QEMU.
package struct QcowHeader: Equatable {
    package static let magic: [UInt8] = [0x51, 0x46, 0x49, 0xFB]
    /// Bytes that every header of version 3 has.
    package static let length = 104

    package var version: Int
    package var backingFileOffset: UInt64
    package var clusterBits: Int
    /// Length of the disk in bytes.
    package var virtualSize: UInt64
    package var encryption: Int
    /// Entries of the first-level table.
    package var l1Size: Int
    package var l1Offset: UInt64
    package var refcountTableOffset: UInt64
    package var refcountTableClusters: Int
    package var snapshots: Int
    package var incompatible: Incompatible
    package var refcountOrder: Int
    package var headerLength: Int

    /// Features without which the file cannot be read.
    package struct Incompatible: OptionSet, Sendable {
        package let rawValue: UInt64

        package init(rawValue: UInt64) { self.rawValue = rawValue }

        package static let dirty = Incompatible(rawValue: 1 << 0)
        package static let corrupt = Incompatible(rawValue: 1 << 1)
        package static let externalDataFile = Incompatible(rawValue: 1 << 2)
        package static let compressionType = Incompatible(rawValue: 1 << 3)
        package static let extendedL2 = Incompatible(rawValue: 1 << 4)
    }

    /// Reads the fixed fields; nil when the bytes are too few or of another format.
    package init?(_ bytes: [UInt8]) {
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
    package static func bytesPerL1Entry(clusterBits: Int, extendedL2: Bool) -> UInt64 {
        UInt64(1) << (2 * clusterBits - (extendedL2 ? 4 : 3))
    }
}

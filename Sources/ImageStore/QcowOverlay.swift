import Disk

/// The qcow2 file of a machine at birth: every block is the base's, whatever the base's size, so that it is a
/// few short pieces and holes; see docs/interop/qcow2.txt of QEMU.
///
/// Clusters, in order: header, refcount table, one refcount block, first-level table.
struct QcowOverlay {
    static let clusterBits = 16
    static let cluster = 1 << clusterBits
    /// Bits of one refcount, as a power of two.
    private static let refcountOrder = 4

    /// Bytes of the header's fields, that of the compression among them.
    private static let headerLength = 112

    /// Length of the disk in bytes, whole sectors.
    let virtualSize: Int64
    /// The header's words for tools that open the file by itself; libvirt tells QEMU the base as an open
    /// descriptor, and QEMU then does not look here.
    let backingPath: String
    let backingFormat: ImageFormat

    /// Entries of the first-level table: 512 MiB of the disk each.
    var l1Size: Int {
        let perEntry = Int64(QcowHeader.bytesPerL1Entry(clusterBits: Self.clusterBits, extendedL2: false))
        return Int((virtualSize + perEntry - 1) / perEntry)
    }

    private var l1Clusters: Int { max(1, (l1Size * 8 + Self.cluster - 1) / Self.cluster) }

    private var clusters: Int { 3 + l1Clusters }

    /// Length of the file in bytes.
    var length: Int64 { Int64(clusters * Self.cluster) }

    /// Offsets and bytes; all else is zero.
    var pieces: [(offset: Int64, bytes: [UInt8])] {
        let refcounts = (0..<clusters).flatMap { _ in Self.number(1, 2) }
        return [
            (0, header),
            (Int64(Self.cluster), Self.number(2 * Self.cluster, 8)),
            (Int64(2 * Self.cluster), refcounts),
        ]
    }

    private var header: [UInt8] {
        let format = Array(backingFormat.rawValue.utf8)
        let name = Array(backingPath.utf8)
        // The backing format as an extension of the header, padded to eight bytes, then the end of extensions.
        let padding = [UInt8](repeating: 0, count: (8 - format.count % 8) % 8)
        let extensions =
            Self.number(0xE279_2ACA, 4) + Self.number(format.count, 4) + format + padding + Self.number(0, 8)
        var bytes = QcowHeader.magic + Self.number(3, 4)
        bytes += Self.number(Self.headerLength + extensions.count, 8) + Self.number(name.count, 4)
        bytes += Self.number(Self.clusterBits, 4) + Self.number(Int(virtualSize), 8)
        // No encryption; first-level table behind the refcounts.
        bytes += Self.number(0, 4) + Self.number(l1Size, 4) + Self.number(3 * Self.cluster, 8)
        bytes += Self.number(Self.cluster, 8) + Self.number(1, 4)
        // No snapshots, no features.
        bytes += Self.number(0, 4 + 8) + Self.number(0, 3 * 8)
        bytes += Self.number(Self.refcountOrder, 4) + Self.number(Self.headerLength, 4)
        // Compressed clusters, of which there are none, would be zlib's.
        bytes += Self.number(0, 8)
        return bytes + extensions + name
    }

    /// Most significant byte first.
    private static func number(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { index in
            let shift = 8 * (width - 1 - index)
            return shift < 64 ? UInt8(truncatingIfNeeded: value >> shift) : 0
        }
    }
}

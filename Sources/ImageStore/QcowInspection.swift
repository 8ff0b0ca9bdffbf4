import Disk
import Job
import Unix

/// Refuses qcow2 files that lead QEMU outside of themselves or that QEMU should not be asked to read at all.
struct QcowInspection {
    /// The largest disk, 2 TiB.
    static let virtualSizeLimit: UInt64 = 1 << 41
    /// The largest first-level table that QEMU opens, in bytes.
    static let l1Limit: UInt64 = 32 << 20
    /// The largest refcount table that QEMU opens, in bytes.
    static let refcountTableLimit: UInt64 = 8 << 20

    let header: QcowHeader
    /// The whole file's length.
    let size: UInt64

    /// The length of the disk that the file holds.
    static func virtualSize(of file: borrowing FileDescriptor, size: Int64) throws(ImageStoreError) -> Int64 {
        let head = try reading { () throws(UnixError) in try file.read(upTo: 1 << 16, at: 0) }
        guard let header = QcowHeader(head) else {
            throw unsafeImage("declared qcow2, but it has no such header")
        }
        let inspection = QcowInspection(header: header, size: UInt64(size))
        try inspection.check(head)
        try inspection.checkTable(file)
        return Int64(header.virtualSize)
    }

    func check(_ head: [UInt8]) throws(ImageStoreError) {
        try require(header.version == 2 || header.version == 3, "version \(header.version)")
        try require((9...21).contains(header.clusterBits), "a cluster size of 2^\(header.clusterBits) bytes")
        try require(header.backingFileOffset == 0, "a backing file")
        try require(header.encryption == 0, "encryption")
        try require(header.snapshots == 0, "internal snapshots")
        try checkFeatures()
        try require(
            header.virtualSize > 0 && header.virtualSize <= Self.virtualSizeLimit
                && header.virtualSize % 512 == 0,
            "a disk of \(header.virtualSize) bytes")
        try require(header.refcountOrder <= 6, "refcounts of 2^\(header.refcountOrder) bits")
        try checkTables()
        try checkExtensions(head)
    }

    private func checkFeatures() throws(ImageStoreError) {
        let features = header.incompatible
        try require(!features.contains(.externalDataFile), "an external data file")
        try require(!features.contains(.corrupt), "the mark of a corrupt image")
        try require(!features.contains(.dirty), "the mark of an image that was not closed")
        let known: QcowHeader.Incompatible = [.compressionType, .extendedL2]
        try require(
            features.isSubset(of: known), "features \(String(features.rawValue, radix: 16)) of unknown effect"
        )
        try require(
            header.headerLength >= (header.version == 2 ? 72 : QcowHeader.length)
                && header.headerLength % 8 == 0
                && header.headerLength <= cluster,
            "a header of \(header.headerLength) bytes")
    }

    private var cluster: UInt64 { 1 << UInt64(header.clusterBits) }

    private func checkTables() throws(ImageStoreError) {
        let perEntry = QcowHeader.bytesPerL1Entry(
            clusterBits: header.clusterBits, extendedL2: header.incompatible.contains(.extendedL2))
        let needed = (header.virtualSize + perEntry - 1) / perEntry
        let length = UInt64(header.l1Size) * 8
        try require(
            length <= Self.l1Limit && needed <= UInt64(header.l1Size), "\(header.l1Size) first-level entries")
        try require(inside(header.l1Offset, length), "a first-level table outside of the file")
        let refcounts = UInt64(header.refcountTableClusters) * cluster
        try require(
            refcounts > 0 && refcounts <= Self.refcountTableLimit, "a refcount table of \(refcounts) bytes")
        try require(inside(header.refcountTableOffset, refcounts), "a refcount table outside of the file")
    }

    /// Whether a structure begins at a cluster behind the header and ends within the file.
    private func inside(_ offset: UInt64, _ length: UInt64) -> Bool {
        offset >= cluster && offset % cluster == 0 && offset <= size && length <= size - offset
    }

    /// Header extensions: a type, a length and as many bytes, padded to eight; type 0 ends them.
    private func checkExtensions(_ head: [UInt8]) throws(ImageStoreError) {
        func number(_ offset: Int) -> Int { head[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } }
        let end = min(head.count, Int(cluster))
        var offset = header.headerLength
        while offset + 8 <= end {
            let kind = number(offset)
            let length = number(offset + 4)
            switch kind {
            case 0: return
            case 0x4441_5441: throw refusal("the name of an external data file")
            case 0x0537_BE77: throw refusal("encryption")
            case 0xE279_2ACA: throw refusal("the format of a backing file")
            default: break
            }
            offset += 8 + (length + 7) / 8 * 8
        }
        try require(offset <= end, "a header extension that does not end")
    }

    /// Every second-level table that the first-level table names lies within the file.
    private func checkTable(_ file: borrowing FileDescriptor) throws(ImageStoreError) {
        let count = header.l1Size * 8
        let offset = Int64(header.l1Offset)
        let table = try Self.reading { () throws(UnixError) in try file.read(upTo: count, at: offset) }
        try require(table.count == count, "a first-level table outside of the file")
        for entry in stride(from: 0, to: count, by: 8) {
            let value = table[entry..<(entry + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            // Bits 9 to 55 are the offset; 0 is "not there".
            let offset = value & 0x00FF_FFFF_FFFF_FE00
            try require(offset == 0 || inside(offset, cluster), "a second-level table outside of the file")
        }
    }

    private func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(ImageStoreError) {
        guard condition else { throw refusal(what()) }
    }

    private func refusal(_ what: String) -> ImageStoreError { Self.unsafeImage("the qcow2 file has \(what)") }

    private static func unsafeImage(_ message: String) -> ImageStoreError { .refused(.UnsafeImage, message) }

    private static func reading(_ body: () throws(UnixError) -> [UInt8]) throws(ImageStoreError) -> [UInt8] {
        do throws(UnixError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

package import Unix

/// The bytes of a disk as a machine sees them.
package protocol DiskImage: AnyObject {
    /// Length in bytes.
    var size: UInt64 { get }

    /// Exactly that many bytes; what lies behind the end reads as zeros.
    func read(_ count: Int, at offset: UInt64) throws(DiskError) -> [UInt8]
}

/// A disk whose bytes are those of a file.
package final class RawImage: DiskImage {
    package let size: UInt64
    private let file: FileDescriptor

    package init(_ file: consuming FileDescriptor) throws(DiskError) {
        size = UInt64(max(0, try Self.reading { () throws(UnixError) in try file.status().size }))
        self.file = file
    }

    /// Exactly that many bytes, zeros behind the end.
    ///
    /// The corresponding C function is `pread`.
    package func read(_ count: Int, at offset: UInt64) throws(DiskError) -> [UInt8] {
        guard offset < size else { return [UInt8](repeating: 0, count: count) }
        var bytes = try Self.reading { () throws(UnixError) in
            try file.read(upTo: count, at: Int64(offset))
        }
        if bytes.count < count { bytes += [UInt8](repeating: 0, count: count - bytes.count) }
        return bytes
    }

    static func reading<Result>(_ body: () throws(UnixError) -> Result) throws(DiskError) -> Result {
        do throws(UnixError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

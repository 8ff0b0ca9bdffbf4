internal import Unix

/// One of the files that the log is in, open: it is read to its end whatever becomes of its name.
final class AuditFile {
    let path: String
    let descriptor: FileDescriptor
    /// Length when it was opened, in bytes.
    let size: Int64

    init(_ path: String, _ descriptor: consuming FileDescriptor, size: Int64) {
        self.path = path
        self.descriptor = descriptor
        self.size = size
    }

    /// The next mebibyte of what it held when it was opened; empty at the end.
    func piece(from offset: Int64) throws(AuditError) -> [UInt8] {
        try read(from: offset, upTo: Int(min(1 << 20, size - offset)))
    }

    /// At most `count` bytes from an offset; less only at the file's end.
    func read(from offset: Int64, upTo count: Int) throws(AuditError) -> [UInt8] {
        try AuditLog.files { () throws(UnixError) in try descriptor.read(upTo: count, at: offset) }
    }
}

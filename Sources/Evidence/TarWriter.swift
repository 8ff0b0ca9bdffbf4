package import Unix

/// A tar archive as it is written, in the ustar format of POSIX.1-1988; see pax(1).
package struct TarWriter: ~Copyable {
    private let file: FileDescriptor
    private let modified: Int64

    private static let block = 512
    /// Longest name and longest directory that the format takes.
    private static let nameLimit = 100
    private static let directoryLimit = 155

    /// Every member carries that time of change, in seconds since 1970.
    package init(_ file: consuming FileDescriptor, modified: Int64) {
        self.file = file
        self.modified = modified
    }

    /// Begins a regular file, readable by its owner alone; exactly `size` bytes follow.
    package func begin(_ name: String, size: Int64) throws(UnixError) {
        let slash = name.lastIndex(of: "/") ?? name.startIndex
        let directory = name[..<slash]
        let last = name[slash...].drop { $0 == "/" }
        guard last.utf8.count <= Self.nameLimit, directory.utf8.count <= Self.directoryLimit else {
            throw UnixError("write", UnixError.invalid, name)
        }
        var header = Self.text(last, Self.nameLimit)
        header += Self.octal(0o600, 8) + Self.octal(0, 8) + Self.octal(0, 8)
        header += Self.number(size) + Self.octal(modified, 12)
        let sumAt = header.count
        header += [UInt8](repeating: UInt8(ascii: " "), count: 8) + [UInt8(ascii: "0")]
        header += [UInt8](repeating: 0, count: 100) + Array("ustar\0".utf8) + Array("00".utf8)
        header += Self.text("root", 32) + Self.text("root", 32) + [UInt8](repeating: 0, count: 16)
        header += Self.text(directory, Self.directoryLimit)
        header += [UInt8](repeating: 0, count: Self.block - header.count)
        let sum = header.reduce(0) { $0 + Int64($1) }
        header.replaceSubrange(sumAt..<(sumAt + 8), with: Self.octal(sum, 7) + [UInt8(ascii: " ")])
        try file.write(header)
    }

    /// A part of the file that was begun.
    package func add(_ bytes: [UInt8]) throws(UnixError) { try file.write(bytes) }

    /// Ends the file that was begun.
    package func end(size: Int64) throws(UnixError) {
        let rest = Int(size % Int64(Self.block))
        if rest > 0 { try file.write([UInt8](repeating: 0, count: Self.block - rest)) }
    }

    /// Ends the archive and makes it durable.
    package func finish() throws(UnixError) {
        try file.write([UInt8](repeating: 0, count: 2 * Self.block))
        try file.synchronize()
    }

    /// A length: octal digits up to 8 GiB, behind that the binary form that GNU tar and libarchive read.
    private static func number(_ value: Int64) -> [UInt8] {
        guard value >= 1 << 33 else { return octal(value, 12) }
        return [0x80, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
    }

    /// Text and as many zero bytes as make it that long.
    private static func text(_ text: some StringProtocol, _ width: Int) -> [UInt8] {
        Array(text.utf8) + [UInt8](repeating: 0, count: width - text.utf8.count)
    }

    /// Octal digits that end in a zero byte.
    private static func octal(_ value: Int64, _ width: Int) -> [UInt8] {
        let digits = String(value, radix: 8)
        return Array((String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8) + [0]
    }
}

internal import Disk
internal import Unix

/// Reads a tar archive as it comes: what GNU tar writes, in its own format and in that of POSIX, see tar(5) of
/// libarchive and pax(1).
struct TarReader: ~Copyable {
    /// One member's description; its bytes come next.
    struct Entry {
        var path: [UInt8]
        /// Spelt as for other file systems; nil for another name of an earlier file, which is `target`.
        var type: String?
        var mode: UInt16
        var uid: UInt32
        var gid: UInt32
        /// Bytes of the file, its holes among them.
        var size: UInt64
        /// Seconds since 1970.
        var modified: Int64
        var target: [UInt8]
        var device: String?
        var attributes: [[UInt8]: [UInt8]] = [:]
    }

    private let file: FileDescriptor
    private var buffer: [UInt8] = []
    private var position = 0
    /// Parts of the member's content that are still to come, the next one last, and what fills the last block.
    private var runs: [Run] = []
    private var padding = 0

    /// Bytes of a file without a hole among them.
    private struct Run {
        var place: UInt64
        var count: UInt64
    }

    private static let block = 512
    /// Bytes of an extended header, or of a long name.
    private static let extensionLimit: UInt64 = 4 << 20
    /// Parts of a file between its holes.
    private static let runLimit: UInt64 = 1 << 20
    private static let types: [UInt8: String] = [
        0: "file", UInt8(ascii: "0"): "file", UInt8(ascii: "7"): "file", UInt8(ascii: "2"): "link",
        UInt8(ascii: "3"): "characterDevice", UInt8(ascii: "4"): "blockDevice",
        UInt8(ascii: "5"): "directory", UInt8(ascii: "6"): "pipe",
    ]
    private static let attributePrefix = Array("SCHILY.xattr.".utf8)

    init(_ file: consuming FileDescriptor) { self.file = file }

    /// The next member, after the rest of the one before; nil at the archive's end.
    mutating func next() throws(DiskError) -> Entry? {
        while try read() != nil {}
        var extensions: [[UInt8]: [UInt8]] = [:]
        while true {
            let header = Bytes(try take(Self.block))
            if header.isZero {
                try drain()
                return nil
            }
            try check(header)
            let kind: UInt8 = try header.little(156)
            let size = try number(header, 124, 12)
            switch kind {
            case UInt8(ascii: "x"):
                extensions.merge(try Self.records(try member(size))) { _, new in new }
            // What holds for all that follow says nothing of files.
            case UInt8(ascii: "g"): _ = try member(size)
            case UInt8(ascii: "L"): extensions[Array("path".utf8)] = Self.text(try member(size))
            case UInt8(ascii: "K"): extensions[Array("linkpath".utf8)] = Self.text(try member(size))
            default:
                var entry = try entry(header, kind, size, extensions)
                guard entry.type == "file" else { return entry }
                padding = Int((512 - entry.size % 512) % 512)
                runs = [Run(place: 0, count: entry.size)]
                try readHoles(of: &entry, extensions)
                return entry
            }
        }
    }

    /// The next bytes of the member's content and where they lie in the file, in order; nil at its end.
    mutating func read() throws(DiskError) -> (place: UInt64, bytes: ArraySlice<UInt8>)? {
        while runs.last?.count == 0 { runs.removeLast() }
        guard let run = runs.last else {
            _ = try take(padding)
            padding = 0
            return nil
        }
        if position == buffer.count { try fill() }
        let count = Int(min(run.count, UInt64(buffer.count - position)))
        defer { position += count }
        runs[runs.count - 1] = Run(place: run.place + UInt64(count), count: run.count - UInt64(count))
        return (run.place, buffer[position..<(position + count)])
    }

    private func entry(_ header: Bytes, _ kind: UInt8, _ size: UInt64, _ more: [[UInt8]: [UInt8]])
        throws(DiskError) -> Entry
    {
        func value(_ key: String) -> [UInt8]? { more[Array(key.utf8)] }
        func whole(_ key: String) throws(DiskError) -> Int64? {
            guard let value = value(key) else { return nil }
            // A fraction of a second is of no interest.
            guard let number = Int64(String(decoding: value.prefix { $0 != 0x2E }, as: UTF8.self)) else {
                throw .malformed("an extended header with the \(key) of no file")
            }
            return number
        }
        let type = Self.types[kind]
        guard type != nil || kind == UInt8(ascii: "1") else {
            throw .unsupported("a member of type \(kind) in a tar archive")
        }
        var entry = Entry(
            path: try Self.name(header), type: type,
            mode: UInt16(truncatingIfNeeded: try number(header, 100, 8) & 0o7777),
            uid: UInt32(truncatingIfNeeded: try number(header, 108, 8)),
            gid: UInt32(truncatingIfNeeded: try number(header, 116, 8)), size: size,
            modified: Int64(bitPattern: try number(header, 136, 12)),
            target: Self.text(try header.part(157, 100).array), device: nil)
        if let path = value("path") { entry.path = path }
        if let target = value("linkpath") { entry.target = target }
        if let uid = try whole("uid") { entry.uid = UInt32(truncatingIfNeeded: uid) }
        if let gid = try whole("gid") { entry.gid = UInt32(truncatingIfNeeded: gid) }
        if let size = try whole("size") { entry.size = UInt64(clamping: size) }
        if let modified = try whole("mtime") { entry.modified = modified }
        if type?.hasSuffix("Device") == true {
            entry.device = "\(try number(header, 329, 8)):\(try number(header, 337, 8))"
        }
        for (key, value) in more where key.starts(with: Self.attributePrefix) {
            entry.attributes[Array(key.dropFirst(Self.attributePrefix.count))] = value
        }
        return entry
    }

    /// Takes what stands before the content of a file with holes: of which parts it is; see "PAX Format, Version
    /// 1.0" in the manual of GNU tar.
    private mutating func readHoles(of entry: inout Entry, _ more: [[UInt8]: [UInt8]]) throws(DiskError) {
        func text(_ key: String) -> String? {
            more[Array("GNU.sparse.\(key)".utf8)].map { String(decoding: $0, as: UTF8.self) }
        }
        guard let major = text("major") else { return }
        guard major == "1", let name = more[Array("GNU.sparse.name".utf8)],
            let size = text("realsize").flatMap({ UInt64($0) })
        else { throw .unsupported("a file with holes of version \(major) in a tar archive") }
        var rest = entry.size
        let numbers = try takeNumbers(&rest)
        var found: [Run] = []
        var end: UInt64 = 0
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let run = Run(place: numbers[index], count: numbers[index + 1])
            guard run.place >= end, run.place <= size, run.count <= size - run.place, run.count <= rest,
                run.count % UInt64(Self.block) == 0 || run.count == rest
            else { throw .malformed("a file with holes outside of itself in a tar archive") }
            end = run.place + run.count
            rest -= run.count
            found.append(run)
        }
        guard rest == 0 else { throw .malformed("a file with holes and more besides in a tar archive") }
        (entry.path, entry.size, runs) = (name, size, found.reversed())
    }

    /// A number on each line, the first of which says how many pairs follow; zeros fill the last block.
    private mutating func takeNumbers(_ rest: inout UInt64) throws(DiskError) -> [UInt64] {
        var numbers: [UInt64] = []
        var wanted = 0
        var digits: [UInt8] = []
        repeat {
            guard rest >= Self.block, digits.count < 20 else {
                throw .malformed("a file with holes that is none")
            }
            rest -= UInt64(Self.block)
            for byte in try take(Self.block) where wanted == 0 || numbers.count < wanted {
                guard byte == 0x0A else {
                    digits.append(byte)
                    continue
                }
                guard let number = UInt64(String(decoding: digits, as: UTF8.self)), number <= Int64.max,
                    wanted > 0 || number <= Self.runLimit
                else { throw .malformed("a number among the holes of a file in a tar archive") }
                if wanted == 0 { wanted = 1 + 2 * Int(number) }
                numbers.append(number)
                digits = []
            }
        } while numbers.count < max(wanted, 1)
        return Array(numbers.dropFirst())
    }

    /// The sum of the header's bytes, its own field taken as blanks.
    private func check(_ header: Bytes) throws(DiskError) {
        let bytes = header.array
        let sum = bytes.enumerated().reduce(UInt64(0)) { sum, byte in
            sum + UInt64((148..<156).contains(byte.offset) ? 0x20 : byte.element)
        }
        guard try number(header, 148, 8) == sum else { throw .malformed("a tar archive's header") }
    }

    /// Octal digits, or the number itself with its first bit set.
    private func number(_ header: Bytes, _ place: Int, _ length: Int) throws(DiskError) -> UInt64 {
        let field = try header.part(place, length).array
        if let first = field.first, first & 0x80 != 0 {
            return field.dropFirst().suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
        let digits = Self.text(field).filter { $0 != 0x20 }
        guard !digits.isEmpty else { return 0 }
        guard let number = UInt64(String(decoding: digits, as: UTF8.self), radix: 8) else {
            throw .malformed("a number in a tar archive's header")
        }
        return number
    }

    private static func name(_ header: Bytes) throws(DiskError) -> [UInt8] {
        let name = text(try header.part(0, 100).array)
        // GNU's own format has something else there.
        guard header.has("ustar\0", at: 257) else { return name }
        let prefix = text(try header.part(345, 155).array)
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// Up to the first zero.
    private static func text(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.prefix { $0 != 0 }) }

    /// `LENGTH KEY=VALUE\n`, the length that of all of it; values may hold any byte.
    private static func records(_ bytes: [UInt8]) throws(DiskError) -> [[UInt8]: [UInt8]] {
        var records: [[UInt8]: [UInt8]] = [:]
        var rest = bytes[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != 0x20 }
            guard let length = Int(String(decoding: digits.prefix(10), as: UTF8.self)),
                length > digits.count + 2, length <= rest.count
            else { throw .malformed("an extended header of a tar archive") }
            let record = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
            let key = record.prefix { $0 != UInt8(ascii: "=") }
            records[Array(key)] = Array(record.dropFirst(key.count + 1))
            rest = rest.dropFirst(length)
        }
        return records
    }

    /// All of a small member.
    private mutating func member(_ size: UInt64) throws(DiskError) -> [UInt8] {
        guard size <= Self.extensionLimit else {
            throw .malformed("a header of \(size) bytes in a tar archive")
        }
        let bytes = try take(Int(size))
        _ = try take((512 - Int(size) % 512) % 512)
        return bytes
    }

    private mutating func take(_ count: Int) throws(DiskError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            if position == buffer.count { try fill() }
            let end = min(buffer.count, position + count - bytes.count)
            bytes += buffer[position..<end]
            position = end
        }
        return bytes
    }

    /// Takes what fills the last record, so that the writer can end well.
    private mutating func drain() throws(DiskError) {
        do throws(UnixError) {
            _ = try file.readAll(limit: Self.block << 11)
        } catch {
            throw .file(error)
        }
    }

    private mutating func fill() throws(DiskError) {
        do throws(UnixError) {
            buffer = try file.read(upTo: 1 << 18)
        } catch {
            throw .file(error)
        }
        position = 0
        guard !buffer.isEmpty else { throw .malformed("a tar archive that ends too soon") }
    }
}

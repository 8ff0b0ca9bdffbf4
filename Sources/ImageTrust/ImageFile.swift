package import Digest
package import Job
package import Unix

/// What a file on disk says of itself, for an entry of a list.
package struct ImageFile: Hashable, Sendable {
    /// The last name of its path.
    package let name: String
    package let size: ByteCount
    package let sha512: ImageDigest
    /// Told by the first bytes; `raw` when they tell nothing.
    package let format: String

    package init(name: String, size: ByteCount, sha512: ImageDigest, format: String) {
        self.name = name
        self.size = size
        self.sha512 = sha512
        self.format = format
    }

    /// Reads the whole file once.
    package static func reading(_ path: String) throws(UnixError) -> ImageFile {
        let file = try FileDescriptor.open(path, [.read, .nonBlocking])
        guard try file.status().kind == .regular else { throw UnixError("read", UnixError.invalid, path) }
        var hash = Sha512()
        var head: [UInt8] = []
        var size: Int64 = 0
        while true {
            let bytes = try file.read(upTo: 1 << 20)
            if bytes.isEmpty { break }
            if head.count < Self.headLength { head += bytes.prefix(Self.headLength - head.count) }
            hash.update(bytes)
            size += Int64(bytes.count)
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return ImageFile(
            name: name, size: ByteCount(size), sha512: hash.finish(), format: Self.format(of: head))
    }

    private static let headLength = 512

    /// The spellings are those that other readers of such lists know.
    private static func format(of head: [UInt8]) -> String {
        func has(_ magic: [UInt8], at offset: Int = 0) -> Bool {
            head.count >= offset + magic.count && head[offset..<(offset + magic.count)].elementsEqual(magic)
        }
        if has([0x51, 0x46, 0x49, 0xFB]) { return "qcow2" }
        if has([0x1F, 0x8B]) { return "raw.gz" }
        if has(Array("KDMV".utf8)) { return "vmdk" }
        if has(Array("ustar".utf8), at: 257) { return "ova" }
        if has([0x7F, 0x10, 0xDA, 0xBE], at: 64) { return "vdi" }
        return "raw"
    }
}

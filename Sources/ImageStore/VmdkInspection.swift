import Job
import Unix

/// Refuses VMDK files that lead QEMU outside of themselves: only one sparse extent in the file itself is taken,
/// as appliances have it; see VMware's "Virtual Disk Format 5.0".
enum VmdkInspection {
    static let magic = Array("KDMV".utf8)
    private static let sector = 512
    /// The largest disk, in sectors.
    private static let capacityLimit = QcowInspection.virtualSizeLimit / UInt64(sector)
    /// Sectors of the description that QEMU reads.
    private static let descriptionLimit = 20
    /// Where the description is, whatever the header says of it.
    private static let descriptionPlace = 1
    /// The first-level table that is at the file's end, of a stream.
    private static let atEnd = UInt64.max
    /// Bytes of the largest first-level table that is taken: of 4 bytes for 32 MiB of disk each.
    private static let directoryLimit: UInt64 = 8 << 20

    static func check(_ file: borrowing FileDescriptor) throws(ImageStoreError) {
        let size = try reading { () throws(UnixError) in try file.status().size }
        let count = sector * (descriptionPlace + descriptionLimit)
        let head = try reading { () throws(UnixError) in try file.read(upTo: count, at: 0) }
        guard head.count > 2 * sector, head.starts(with: magic) else {
            throw refusal("declared vmdk, but it is no sparse disk of its own")
        }
        try checkHeader(head, size: size)
        if number(head, 56, 8) == atEnd {
            // Footer marker, header, end-of-stream marker.
            let tail = try reading { () throws(UnixError) in
                try file.read(upTo: 3 * sector, at: max(0, size - Int64(3 * sector)))
            }
            let footer = Array(tail.dropFirst(sector))
            guard tail.count == 3 * sector, footer.starts(with: magic) else {
                throw refusal("the vmdk file has no header at its end")
            }
            try checkHeader(footer, size: size)
        }
        try checkDescription(Array(head.dropFirst(descriptionPlace * sector).prefix { $0 != 0 }))
    }

    private static func checkHeader(_ header: [UInt8], size: Int64) throws(ImageStoreError) {
        let version = number(header, 4, 4)
        guard (1...3).contains(version) else { throw refusal("the vmdk file has version \(version)") }
        let capacity = number(header, 12, 8)
        guard (1...capacityLimit).contains(capacity) else {
            throw refusal("the vmdk file has a disk of \(capacity) sectors")
        }
        let grain = number(header, 20, 8)
        let tableEntries = number(header, 44, 4)
        guard (8...1 << 17).contains(grain), grain & (grain - 1) == 0, (1...512).contains(tableEntries) else {
            throw refusal("the vmdk file has grains of \(grain) sectors, \(tableEntries) to a table")
        }
        let tables = (capacity + grain * tableEntries - 1) / (grain * tableEntries)
        guard tables * 4 <= directoryLimit else { throw refusal("the vmdk file has \(tables) tables") }
        let directory = number(header, 56, 8)
        guard directory == atEnd || directory < UInt64(size) / UInt64(sector) else {
            throw refusal("the vmdk file has a first-level table outside of the file")
        }
        guard number(header, 28, 8) == UInt64(descriptionPlace) else {
            throw refusal("the vmdk file has its description in an unusual place")
        }
    }

    private static func checkDescription(_ bytes: [UInt8]) throws(ImageStoreError) {
        guard bytes.count < sector * descriptionLimit, bytes.allSatisfy({ $0 < 0x80 }) else {
            throw refusal("the vmdk file has a description that is too long or no text")
        }
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        for word in ["parentfilenamehint", "encryption", "keysafe", "changetrackpath"]
        where text.contains(word) {
            throw refusal("the vmdk file names another file or a key (\(word))")
        }
        var settings: [String: String] = [:]
        var extents: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if ["rw ", "rdonly ", "noaccess "].contains(where: { line.hasPrefix($0) }) {
                extents.append(line)
            }
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let key = String(parts[0].filter { $0 != " " })
            guard settings[key] == nil else { throw refusal("the vmdk file says \(key.prefix(32)) twice") }
            settings[key] = parts[1].filter { $0 != " " && $0 != "\"" }
        }
        guard settings["parentcid"] == "ffffffff" else {
            throw refusal("the vmdk file is a change to another disk")
        }
        let type = settings["createtype"] ?? "nothing"
        guard ["monolithicsparse", "streamoptimized"].contains(type) else {
            throw refusal("the vmdk file is of the type \(type.prefix(32))")
        }
        guard extents.count == 1, extents[0].split(separator: " ").dropFirst(2).first == "sparse" else {
            throw refusal("the vmdk file has \(extents.count) extents, or one that is not its own")
        }
    }

    /// Least significant byte first.
    private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
        bytes[offset..<(offset + width)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func refusal(_ what: String) -> ImageStoreError { .refused(.UnsafeImage, what) }

    private static func reading<Result>(_ body: () throws(UnixError) -> Result) throws(ImageStoreError)
        -> Result
    {
        do throws(UnixError) {
            return try body()
        } catch {
            throw .file(error)
        }
    }
}

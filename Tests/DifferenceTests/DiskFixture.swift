import Difference
import Disk
import Foundation
import TestSupport
import Unix

/// A disk with one ext file system, and what becomes of it; made by e2fsprogs and QEMU's tools.
struct DiskFixture {
    let scratch: String
    /// Byte on the disk at which the file system begins.
    var start: Int = 1 << 20
    /// Where it ends.
    var end: Int = Self.length
    var isTableless = false

    var base: String { scratch + "/base.raw" }
    var changed: String { scratch + "/changed.raw" }
    var overlay: String { scratch + "/overlay.qcow2" }
    var tree: String { scratch + "/tree" }

    static let length = 24 << 20

    /// Files of the image, before anything happens.
    static let files: [(path: String, text: String)] = [
        ("etc/passwd", "root:x:0:0\n"), ("etc/motd", "welcome\n"), ("etc/hosts", "127.0.0.1 localhost\n"),
        ("etc/cron.d/daily", "@daily root true\n"), ("bin/ls", String(repeating: "ls", count: 9000)),
        ("bin/ping", "ping\n"), ("home/data", String(repeating: "0123456789abcdef", count: 200_000)),
        ("var/log/messages", "boot\n"), ("opt/old/a", "a\n"), ("opt/old/b/c", "c\n"),
    ]

    /// Makes the disk; `options` are mke2fs's.
    func make(_ options: [String]) throws {
        for (path, text) in Self.files {
            let file = URL(fileURLWithPath: "\(tree)/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        try FileManager.default.createSymbolicLink(atPath: tree + "/bin/sh", withDestinationPath: "bash")
        _ = FileManager.default.createFile(atPath: base, contents: nil)
        try FileHandle(forWritingTo: URL(fileURLWithPath: base)).truncate(atOffset: UInt64(Self.length))
        if !isTableless {
            // The partitions of a master boot record: a second one takes what the first leaves.
            var table = Self.entry(start, end)
            if end < Self.length { table += Self.entry(end, Self.length) }
            try write(table, at: 446, of: base)
            try write([0x55, 0xAA], at: 510, of: base)
        }
        try makeFileSystem(options)
        try FileManager.default.copyItem(atPath: base, toPath: changed)
    }

    private static func entry(_ start: Int, _ end: Int) -> [UInt8] {
        [0x80, 0, 0, 0, 0x83, 0, 0, 0]
            + [start / 512, (end - start) / 512].flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
    }

    /// Makes the file system alone, on a disk that is there.
    func makeFileSystem(_ options: [String]) throws {
        try require(
            "/sbin/mke2fs",
            ["-q", "-F", "-E", "offset=\(start),root_owner=0:0", "-d", tree] + options
                + [base, "\((end - start) / 1024)k"])
    }

    /// Puts all that has changed into the journal, and nothing of it in its place.
    ///
    /// `words` are debugfs's for opening it; one descriptor says of up to `most` blocks where they belong.
    func journal(_ words: String, together most: Int = 1) throws {
        let old = try Data(contentsOf: URL(fileURLWithPath: base))
        let new = try Data(contentsOf: URL(fileURLWithPath: changed))
        try FileManager.default.removeItem(atPath: changed)
        try FileManager.default.copyItem(atPath: base, toPath: changed)
        let offsets = stride(from: start, to: old.count, by: 4096).filter {
            old[$0..<($0 + 4096)] != new[$0..<($0 + 4096)]
        }
        var commands = ["jo \(words)"]
        for first in stride(from: 0, to: offsets.count, by: most) {
            let offsets = offsets[first..<min(first + most, offsets.count)]
            let file = "\(scratch)/blocks-\(first)"
            try Data(offsets.flatMap { new[$0..<($0 + 4096)] }).write(to: URL(fileURLWithPath: file))
            let blocks = offsets.map { "\(($0 - start) / 4096)" }.joined(separator: ",")
            commands.append("jw -b \(blocks) \(file)")
        }
        try debug(commands + ["jc"])
    }

    /// Runs debugfs's commands on the changed disk.
    @discardableResult
    func debug(_ commands: [String], on disk: String? = nil) throws -> String {
        let script = scratch + "/commands"
        try Data((commands.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: script))
        return try require("/sbin/debugfs", ["-w", "-f", script, "\(disk ?? changed)?offset=\(start)"])
    }

    /// A file of the host's, to be written into the disk.
    func file(_ text: String) throws -> String {
        let path = scratch + "/" + UUID().uuidString
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The block of the file system in which a byte of a file lies.
    func block(of path: String, index: Int = 0) throws -> Int {
        let blocks = try debug(["bmap \(path) \(index)"]).split(separator: "\n").last ?? ""
        guard let number = Int(blocks.filter(\.isNumber)) else { throw Failure(what: blocks.description) }
        return number
    }

    /// Bytes of a disk.
    func write(_ bytes: [UInt8], at offset: Int, of disk: String) throws {
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: disk))
        try file.seek(toOffset: UInt64(offset))
        try file.write(contentsOf: Data(bytes))
        try file.close()
    }

    /// Writes what has changed into an overlay over the base as QEMU does; the base becomes a qcow2 file when it
    /// is to be compressed.
    func seal(compressed: Bool = false) throws -> (base: any DiskImage, disk: QcowImage) {
        let image = compressed ? scratch + "/base.qcow2" : base
        if compressed { try require("/usr/bin/qemu-img", ["convert", "-c", "-O", "qcow2", base, image]) }
        let format = compressed ? "qcow2" : "raw"
        try require("/usr/bin/qemu-img", ["create", "-q", "-f", "qcow2", "-b", image, "-F", format, overlay])
        let old = try Data(contentsOf: URL(fileURLWithPath: base))
        let new = try Data(contentsOf: URL(fileURLWithPath: changed))
        let piece = 1 << 16
        var commands: [String] = []
        for offset in stride(from: 0, to: old.count, by: piece)
        where old[offset..<(offset + piece)] != new[offset..<(offset + piece)] {
            let file = "\(scratch)/piece-\(offset)"
            try new[offset..<(offset + piece)].write(to: URL(fileURLWithPath: file))
            commands += ["-c", "write -q -s \(file) \(offset) \(piece)"]
        }
        if !commands.isEmpty { try require("/usr/bin/qemu-io", ["-f", "qcow2"] + commands + [overlay]) }
        return try open(image, isRaw: !compressed)
    }

    func open(_ image: String, isRaw: Bool) throws -> (base: any DiskImage, disk: QcowImage) {
        let file = try FileDescriptor.open(image, .read)
        let base: any DiskImage = isRaw ? try RawImage(file) : try QcowImage(file)
        return (base, try QcowImage(try FileDescriptor.open(overlay, .read), over: base))
    }

    struct Failure: Error { let what: String }

    @discardableResult
    func require(_ program: String, _ arguments: [String]) throws -> String {
        let result = try run(program, arguments, environment: ["LC_ALL": "C"])
        guard result.status == 0 else {
            throw Failure(what: "\(program) \(arguments): \(result.errors)\(result.text)")
        }
        return result.text
    }
}

extension Difference {
    /// Each change in a few words, the noise marked.
    var words: [String] {
        parts.flatMap(\.changes).map { change in
            ([change.kind.rawValue, change.path] + change.aspects.map(\.rawValue)
                + (change.concerns.isEmpty
                    ? [] : ["(\(change.concerns.map(\.rawValue).joined(separator: " ")))"])
                + (change.isNoise ? ["noise"] : [])).joined(separator: " ")
        }
    }
}

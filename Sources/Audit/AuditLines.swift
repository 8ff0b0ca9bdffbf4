import Digest
import JSON

/// Lines in a stretch of the log.
enum AuditLines {
    static let feed = UInt8(ascii: "\n")

    /// The last intact line and where it stands; the first line of a stretch that is not the whole file may have
    /// lost its beginning and does not count.
    static func last(in bytes: [UInt8], isWhole: Bool) -> (AuditLine, Range<Int>)? {
        var end = bytes.count
        while end > 0 {
            let start = bytes[..<end].lastIndex(of: feed).map { $0 + 1 } ?? 0
            if start == 0 && !isWhole { return nil }
            if let line = AuditLine(bytes[start..<end]) { return (line, start..<end) }
            end = start - 1
        }
        return nil
    }

    /// Whether any line has a finished line's end.
    static func holdsFinished(_ bytes: [UInt8]) -> Bool {
        bytes.split(separator: feed).contains { AuditLine.isFinished($0) }
    }

    /// What a new file says of the one before.
    static func description(ofFile path: String, _ lines: Int64) -> [JSON.Member] {
        let name = path.split(separator: "/").last ?? ""
        return [JSON.Member("file", .string(String(name))), JSON.Member("lines", .integer(lines))]
    }

    /// What the log says of bytes that a dead writer left.
    static func description(ofTorn bytes: [UInt8]) -> [JSON.Member] {
        [
            JSON.Member("bytes", .integer(Int64(bytes.count))),
            JSON.Member("sha256", .string(Sha256.hex(bytes))),
        ]
    }
}

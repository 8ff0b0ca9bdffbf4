import JSON
package import Unix

extension AuditLog {
    /// What a log that is as written holds.
    package struct Verdict: Hashable, Sendable {
        /// Intact lines.
        package var lines: Int64
        /// Hash of the last line; nil for an empty log.
        package var head: String?
        /// Lines, counted from 1, that writers which died have left unfinished.
        package var torn: [Int]
        /// Whether the anchored line was given and found; without one, a missing end cannot be seen.
        package var isAnchored: Bool
    }

    /// Reads the whole log and names the first line that was changed, removed, added or moved.
    ///
    /// Memory does not grow with the log, and writers wait only while its length is read. `head` is a hash that
    /// was kept outside.
    package func verify(head: String? = nil, before deadline: Deadline) throws(AuditError) -> Verdict {
        // Under the lock no writer is half-way through a line.
        let size = try locked(before: deadline) { () throws(AuditError) in
            try Self.files { () throws(UnixError) in try Files.status(path)?.size ?? 0 }
        }
        let file = try Self.files { () throws(UnixError) in try FileDescriptor.open(path, [.read, .noFollow])
        }
        var check = AuditCheck(path: path, head: head)
        var rest: [UInt8] = []
        var offset: Int64 = 0
        while offset < size {
            let (start, count) = (offset, Int(min(1 << 20, size - offset)))
            let bytes = try Self.files { () throws(UnixError) in try file.read(upTo: count, at: start) }
            if bytes.isEmpty { break }
            offset += Int64(bytes.count)
            rest += bytes
            var begin = 0
            while let end = rest[begin...].firstIndex(of: AuditLines.feed) {
                try check.take(rest[begin..<end])
                begin = end + 1
            }
            rest.removeFirst(begin)
            try check.bound(rest.count)
        }
        return try check.finish(rest)
    }
}

/// Follows the chain from line to line.
struct AuditCheck {
    /// Bytes that dead writers may have left in one place.
    private static let tornLimit = 1 << 20

    let path: String
    private let head: String?
    private var sequence: Int64 = 0
    private var previous = AuditLine.origin
    private var number = 0
    private var torn: [UInt8] = []
    private var tornLines: [Int] = []
    private var found = false
    private var verdict = AuditLog.Verdict(lines: 0, head: nil, torn: [], isAnchored: false)

    init(path: String, head: String?) {
        self.path = path
        self.head = head
    }

    /// One line without its line feed.
    mutating func take(_ line: ArraySlice<UInt8>) throws(AuditError) {
        number += 1
        guard let hash = AuditLine.hash(of: line, sequence: sequence + 1, previous: previous) else {
            try keep(line)
            torn.append(AuditLines.feed)
            return
        }
        if !torn.isEmpty { try closeTorn(by: line) }
        sequence += 1
        previous = hash
        verdict.lines += 1
        if hash == head { found = true }
    }

    /// A line that is longer than any could be.
    func bound(_ count: Int) throws(AuditError) {
        guard count <= Self.tornLimit else { throw broken(number + 1, "it has no end") }
    }

    /// What stands behind the last line feed, and the result.
    mutating func finish(_ rest: [UInt8]) throws(AuditError) -> AuditLog.Verdict {
        if !rest.isEmpty {
            number += 1
            if let hash = AuditLine.hash(of: rest[...], sequence: sequence + 1, previous: previous) {
                if !torn.isEmpty { try closeTorn(by: rest[...]) }
                previous = hash
                verdict.lines += 1
                if hash == head { found = true }
            } else {
                try keep(rest[...])
            }
        }
        verdict.torn += tornLines
        if let head, !found { throw .headMissing(path: path, head: head) }
        verdict.isAnchored = head != nil
        verdict.head = verdict.lines > 0 ? previous : nil
        return verdict
    }

    /// A line that is not the next in the chain may only be what a dying writer left.
    private mutating func keep(_ line: ArraySlice<UInt8>) throws(AuditError) {
        guard !AuditLine.isFinished(line) else {
            let why =
                AuditLine(line) == nil
                ? "it was changed" : "it does not follow the line before: a line was removed, added or moved"
            throw broken(tornLines.first ?? number, tornLines.isEmpty ? why : "it was changed")
        }
        torn += line
        tornLines.append(number)
        try bound(torn.count)
    }

    /// The line behind unfinished ones must say that it found them.
    private mutating func closeTorn(by line: ArraySlice<UInt8>) throws(AuditError) {
        let first = tornLines.first ?? number
        guard let value = try? JSON(parsing: Array(line)),
            value["event"]?.text == AuditEvent.Name.torn.rawValue,
            let fields = value["fields"]
        else { throw broken(first, "it was changed") }
        // The line feed behind the last of them may be the finder's.
        let candidates = [torn, Array(torn.dropLast())]
        guard candidates.contains(where: { JSON.object(AuditLines.description(ofTorn: $0)) == fields }) else {
            throw broken(first, "it is not what the writer after it found")
        }
        verdict.torn += tornLines
        torn = []
        tornLines = []
    }

    private func broken(_ line: Int, _ why: String) -> AuditError {
        .broken(path: path, line: line, why: why)
    }
}

import JSON

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

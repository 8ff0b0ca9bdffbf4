import JSON

/// Follows the chain from line to line, and from file to file.
struct AuditCheck {
    /// Bytes that dead writers may have left in one place.
    private static let tornLimit = 1 << 20

    private let head: String?
    private let wanted: Int64?
    private var path = ""
    private var number = 0
    private var sequence: Int64 = 0
    private var previous = AuditLine.origin
    private var torn: [UInt8] = []
    private var tornLines: [AuditLog.Place] = []
    private var found = false
    private var verdict = AuditLog.Verdict()

    /// `from` is the number of the line with which the log must begin, or earlier.
    init(head: String?, from wanted: Int64?) {
        self.head = head
        self.wanted = wanted
    }

    /// The next file begins.
    mutating func begin(_ path: String) {
        self.path = path
        number = 0
        verdict.files += 1
    }

    /// One line without its line feed.
    mutating func take(_ line: ArraySlice<UInt8>) throws(AuditError) {
        number += 1
        if !(try accept(line)) {
            try keep(line)
            torn.append(AuditLines.feed)
        }
    }

    /// A line that is longer than any could be.
    func bound(_ count: Int) throws(AuditError) {
        guard count <= Self.tornLimit else {
            throw broken(place(number + 1), "it has no end")
        }
    }

    /// What stands behind the last line feed of a file.
    mutating func end(_ rest: [UInt8]) throws(AuditError) {
        guard !rest.isEmpty else { return }
        number += 1
        if !(try accept(rest[...])) { try keep(rest[...]) }
    }

    /// The result; `path` is the log's.
    mutating func finish(_ path: String) throws(AuditError) -> AuditLog.Verdict {
        verdict.torn += tornLines
        if let wanted, verdict.lines == 0 || verdict.first > wanted {
            throw .beginsLate(path: path, first: verdict.first, wanted: wanted)
        }
        if let head, !found {
            throw verdict.first > 1
                ? .headNotHere(path: path, head: head, first: verdict.first, last: sequence)
                : .headMissing(path: path, head: head)
        }
        verdict.isAnchored = head != nil
        verdict.head = verdict.lines > 0 ? previous : nil
        return verdict
    }

    /// Whether the line is the next in the chain.
    private mutating func accept(_ line: ArraySlice<UInt8>) throws(AuditError) -> Bool {
        if verdict.lines == 0, torn.isEmpty { beginChain(line) }
        guard let hash = AuditLine.hash(of: line, sequence: sequence + 1, previous: previous) else {
            return false
        }
        // A new file says first whom it follows.
        if !torn.isEmpty, !(number == 1 && AuditLine.carries(line, .continued)) { try closeTorn(by: line) }
        sequence += 1
        previous = hash
        verdict.lines += 1
        if verdict.first == 0 { verdict.first = sequence }
        if hash == head { found = true }
        return true
    }

    /// Where the files before are not here any more, the chain begins with a line that says whom it follows.
    private mutating func beginChain(_ line: ArraySlice<UInt8>) {
        guard number == 1, let first = AuditLine(line), AuditLine.carries(line, .continued) else { return }
        sequence = first.sequence - 1
        previous = first.previous
    }

    /// A line that is not the next in the chain may only be what a dying writer left.
    private mutating func keep(_ line: ArraySlice<UInt8>) throws(AuditError) {
        guard !AuditLine.isFinished(line) else {
            let why =
                AuditLine(line) == nil
                ? "it was changed" : "it does not follow the line before: a line was removed, added or moved"
            throw broken(tornLines.first ?? place(number), tornLines.isEmpty ? why : "it was changed")
        }
        torn += line
        tornLines.append(place(number))
        try bound(torn.count)
    }

    /// The line behind unfinished ones must say that it found them.
    private mutating func closeTorn(by line: ArraySlice<UInt8>) throws(AuditError) {
        let first = tornLines.first ?? place(number)
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

    private func place(_ line: Int) -> AuditLog.Place { AuditLog.Place(file: path, line: line) }

    private func broken(_ place: AuditLog.Place, _ why: String) -> AuditError {
        .broken(path: place.file, line: place.line, why: why)
    }
}

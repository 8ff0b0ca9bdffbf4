internal import JSON
internal import Unix

extension AuditLog {
    /// What to do after a line.
    package enum Onward: Sendable { case more, enough }

    /// Hands over the lines that are wanted, the newest first, until that is enough; lines that are not intact
    /// are left out.
    ///
    /// A line is wanted when it has one of the events, an empty set standing for all, and all conditions hold.
    /// Only lines that may be wanted are taken apart, so that the cost is that of reading the file.
    package func search(
        events: Set<AuditEvent.Name> = [], where conditions: [AuditCondition] = [],
        _ body: (AuditEntry) -> Onward
    ) throws(AuditError) {
        let event = events.count == 1 ? events.first.map { "\($0.rawValue)\"" } : nil
        let mark =
            conditions.map(\.mark).max { $0.count < $1.count }
            ?? Array("\",\"event\":\"\(event ?? "")".utf8)
        try lines(with: mark) { bytes in
            let line = bytes[...]
            guard events.isEmpty || events.contains(where: { AuditLine.carries(line, $0) }),
                AuditLine(line) != nil, let entry = AuditEntry(line),
                conditions.allSatisfy({ $0.holds(entry.fields) })
            else { return .more }
            return body(entry)
        }
    }

    /// Every line with these bytes in it, the newest first, in whatever state it is.
    func lines(with mark: [UInt8], _ body: ([UInt8]) -> Onward) throws(AuditError) {
        for file in try open().reversed() {
            guard try search(file, mark, body) == .more else { return }
        }
    }

    private func search(
        _ file: AuditFile, _ mark: [UInt8], _ body: ([UInt8]) -> Onward
    ) throws(AuditError) -> Onward {
        var end = file.size
        while end > 0 {
            let start = max(0, end - Int64(Self.block))
            let count = Int(end - start)
            let bytes = try file.read(from: start, upTo: count)
            // A line that begins before the block is the next block's; one that fills a block is no line.
            let whole =
                start == 0 ? 0 : (ByteSearch.first(AuditLines.feed, in: bytes, from: 0) ?? bytes.count) + 1
            guard whole < bytes.count else {
                end = start
                continue
            }
            for line in Self.lines(with: mark, in: bytes, from: whole).reversed() {
                guard body(Array(bytes[line])) == .more else { return .enough }
            }
            end = start + Int64(whole)
            if start == 0 { break }
        }
        return .more
    }

    private static func lines(with mark: [UInt8], in bytes: [UInt8], from start: Int) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var position = start
        while let hit = ByteSearch.first(mark, in: bytes, from: position) {
            let begin = ByteSearch.last(AuditLines.feed, in: bytes, before: hit).map { $0 + 1 } ?? 0
            let end = ByteSearch.first(AuditLines.feed, in: bytes, from: hit) ?? bytes.count
            if begin >= start { found.append(begin..<end) }
            position = end + 1
        }
        return found
    }

    /// Bytes that are looked through at a time; many lines.
    private static let block = 4 << 20
}

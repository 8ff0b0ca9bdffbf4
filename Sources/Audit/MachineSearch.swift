internal import JSON
package import Job

/// One question that ties job, user, image, machine, node and time to each other.
package struct MachineSearch: Sendable {
    package var conditions: [AuditCondition]
    /// Machines that ran at any moment of this span.
    package var span: ClosedRange<Timestamp>?
    /// Most rows of the answer; those of the machines that the log spoke of last.
    package var limit: Int

    package init(conditions: [AuditCondition], span: ClosedRange<Timestamp>?, limit: Int) {
        self.conditions = conditions
        self.span = span
        self.limit = limit
    }

    /// The rows, the newest first, and whether there are more.
    package struct Answer: Sendable {
        package let rows: [PastMachine]
        package let isCut: Bool
    }

    /// Asks the log; the cost is that of reading it, as long as the limit is small.
    package func run(in log: AuditLog) throws(AuditError) -> Answer {
        var found = Found(limit: limit)
        if let span {
            try search(log, span, &found)
            try addEnds(log, &found)
            // One that was logged late had ended before its line says.
            found.order.removeAll { (found.rows[$0]?.ended).map { $0 < span.lowerBound } ?? false }
        } else {
            try search(log, &found)
        }
        return Answer(rows: found.order.compactMap { found.rows[$0] }, isCut: found.isCut)
    }

    private struct Found {
        let limit: Int
        var rows: [PastMachine.Key: PastMachine] = [:]
        var order: [PastMachine.Key] = []
        /// Machines whose beginning has not been seen.
        var open: Set<PastMachine.Key> = []
        var isCut = false

        /// Whether lines of the machine are wanted.
        mutating func wants(_ key: PastMachine.Key) -> Bool {
            if rows[key] != nil || order.count < limit { return true }
            isCut = true
            return false
        }

        mutating func take(_ entry: AuditEntry, of key: PastMachine.Key) {
            if rows[key] == nil {
                order.append(key)
                open.insert(key)
            }
            rows[key, default: PastMachine(key)].take(entry)
            let begins: [AuditEvent.Name] = [.start, .refusal]
            if begins.contains(where: { $0.rawValue == entry.event }) { open.remove(key) }
        }
    }

    private var mark: [UInt8]? { conditions.map(\.mark).max { $0.count < $1.count } }

    private func wanted(_ line: [UInt8]) -> AuditEntry? {
        guard AuditLine(line[...]) != nil, let entry = AuditEntry(line[...]),
            conditions.allSatisfy({ $0.holds(entry.fields) })
        else { return nil }
        return entry
    }

    /// Each line has all that is known of its machine, so each that is wanted tells of it.
    private func search(_ log: AuditLog, _ found: inout Found) throws(AuditError) {
        let mark = mark ?? Array("\"fields\":{\"job\":\"".utf8)
        try log.lines(with: mark) { line in
            guard let key = AuditHeader(line[...]).flatMap({ PastMachine.Key($0) }) else { return .more }
            guard found.wants(key) else { return found.open.isEmpty ? .enough : .more }
            if let entry = wanted(line) { found.take(entry, of: key) }
            return .more
        }
    }

    /// A machine ran in the span when it began before the span's end and had not ended before its beginning.
    private func search(_ log: AuditLog, _ span: ClosedRange<Timestamp>, _ found: inout Found)
        throws(AuditError)
    {
        let from = Array(span.lowerBound.description.utf8)
        let to = Array(span.upperBound.description.utf8)
        let start = Array(AuditEvent.Name.start.rawValue.utf8)
        let end = Array(AuditEvent.Name.end.rawValue.utf8)
        var past: Set<PastMachine.Key> = []
        try log.lines(with: Array("\"fields\":{\"job\":\"".utf8)) { line in
            guard let header = AuditHeader(line[...]) else { return .more }
            let isStart = header.event.elementsEqual(start)
            guard isStart || header.event.elementsEqual(end), let key = PastMachine.Key(header) else {
                return .more
            }
            let time = header.time
            if isStart {
                guard !to.lexicographicallyPrecedes(time), past.remove(key) == nil else { return .more }
                guard found.wants(key) else { return .enough }
                if let entry = wanted(line) { found.take(entry, of: key) }
            } else if time.lexicographicallyPrecedes(from) {
                past.insert(key)
            }
            return .more
        }
    }

    private func addEnds(_ log: AuditLog, _ found: inout Found) throws(AuditError) {
        guard !found.rows.isEmpty else { return }
        var missing = Set(found.order)
        try log.lines(with: Array("\"event\":\"end\"".utf8)) { line in
            guard let key = AuditHeader(line[...]).flatMap({ PastMachine.Key($0) }),
                missing.remove(key) != nil
            else { return .more }
            if let entry = AuditEntry(line[...]) { found.rows[key]?.take(entry) }
            return missing.isEmpty ? .enough : .more
        }
    }
}

internal import JSON
internal import Job

extension AuditLog {
    /// Hands over every intact line that the filter wants, oldest first, older files of the log included; the
    /// number of lines that are not intact.
    ///
    /// Memory does not grow with the log, and no writer waits. Whether lines were removed is for `verify` to say.
    /// `events` are the words of the events that are wanted.
    package func read<Failure>(
        _ events: Set<AuditEvent.Name>, _ body: (AuditEntry) throws(Failure) -> Void
    ) throws -> Int {
        var damaged = 0
        for file in try open() { damaged += try read(file, events, body) }
        return damaged
    }

    private func read<Failure>(
        _ file: AuditFile, _ events: Set<AuditEvent.Name>, _ body: (AuditEntry) throws(Failure) -> Void
    ) throws -> Int {
        var rest: [UInt8] = []
        var offset: Int64 = 0
        var damaged = 0
        while true {
            let bytes = try file.piece(from: offset)
            if bytes.isEmpty { break }
            offset += Int64(bytes.count)
            rest += bytes
            var begin = 0
            while let end = rest[begin...].firstIndex(of: AuditLines.feed) {
                let line = rest[begin..<end]
                begin = end + 1
                guard AuditLine(line) != nil else {
                    damaged += line.isEmpty ? 0 : 1
                    continue
                }
                guard events.contains(where: { AuditLine.carries(line, $0) }), let entry = AuditEntry(line)
                else { continue }
                try body(entry)
            }
            rest.removeFirst(begin)
            // What a dead writer left has no end; it is no line.
            if rest.count > AuditLine.limit { rest.removeFirst(rest.count - AuditLine.limit) }
        }
        return damaged
    }
}

extension AuditEntry {
    init?(_ line: ArraySlice<UInt8>) {
        guard let value = try? JSON(parsing: Array(line)), let sequence = value["seq"]?.integer,
            let time = value["time"]?.text.flatMap({ Timestamp($0) }), let event = value["event"]?.text,
            let fields = value["fields"]
        else { return nil }
        self.init(sequence: sequence, time: time, event: event, fields: fields)
    }
}

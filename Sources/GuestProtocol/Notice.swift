package import Job

/// News of how long the job may go on.
package struct Notice: Hashable, Sendable {
    static let shortest = 8 + 1 + 4
    static let longest = shortest + longestText
    /// In bytes.
    package static let longestText = 256

    /// When all processing must be over, UNIX seconds; nil when no end is foreseen.
    package let shutdown: Int64?
    /// What the payload is sent besides.
    package let signal: NoticeSignal?
    /// One line for the job's standard error and the guest's console.
    package let reason: String

    package init(shutdown: Int64?, signal: NoticeSignal?, reason: String) {
        self.shutdown = shutdown
        self.signal = signal
        self.reason = reason
    }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.notice) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let shutdown = try reader.number(Int64.self)
            guard shutdown >= 0 else { throw .init(what: "a time before 1970") }
            let number = try reader.number(UInt8.self)
            let signal = NoticeSignal.allCases.first { $0.number == number }
            guard number == 0 || signal != nil else { throw .init(what: "signal \(number)") }
            let reason = try reader.text(limit: Self.longestText)
            try reader.finish()
            return Notice(shutdown: shutdown == 0 ? nil : shutdown, signal: signal, reason: reason)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(shutdown ?? 0)
        writer.number(signal?.number ?? 0)
        writer.text(reason, limit: Self.longestText)
        return writer.bytes
    }
}

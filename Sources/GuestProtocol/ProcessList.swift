/// What an agent says runs in its guest.
///
/// Nothing in it is to be trusted.
package struct ProcessList: Hashable, Sendable {
    /// One process, as proc(5) shows it.
    package struct Row: Hashable, Sendable {
        package let process: Int32
        package let parent: Int32
        package let uid: UInt32
        /// One letter: running, sleeping, ...
        package let state: UInt8
        /// Milliseconds of processor time.
        package let processorTime: UInt64
        /// Memory in KiB.
        package let memory: UInt64
        /// Its command line.
        package let command: String

        package init(
            process: Int32, parent: Int32, uid: UInt32, state: UInt8, processorTime: UInt64, memory: UInt64,
            command: String
        ) {
            self.process = process
            self.parent = parent
            self.uid = uid
            self.state = state
            self.processorTime = processorTime
            self.memory = memory
            self.command = command
        }

        /// Bytes of a row whose command is empty.
        fileprivate static let least = 4 + 4 + 4 + 1 + 8 + 8 + 4
        fileprivate static let longestCommand = 128
    }

    package let rows: [Row]
    /// How many there were, those that are left out included.
    package let total: UInt32

    /// As many of the processes as fit into a frame, the first of them first.
    package init(_ rows: some Sequence<Row>) {
        var kept: [Row] = []
        var room = FrameHeader.longestBody - 8
        var total: UInt32 = 0
        for row in rows {
            total += 1
            room -= Row.least + min(row.command.unicodeScalars.count, Row.longestCommand)
            if room >= 0 { kept.append(row) }
        }
        self.rows = kept
        self.total = total
    }

    private init(rows: [Row], total: UInt32) {
        self.rows = rows
        self.total = total
    }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.processes) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let total = try reader.number(UInt32.self)
            var rows: [Row] = []
            for _ in 0..<(try reader.count(ofSize: Row.least)) { rows.append(try Row(&reader)) }
            try reader.finish()
            return ProcessList(rows: rows, total: total)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(total)
        writer.number(UInt32(rows.count))
        for row in rows { row.write(to: &writer) }
        return writer.bytes
    }
}

extension ProcessList.Row {
    fileprivate init(_ reader: inout FieldReader) throws(FieldReader.Malformed) {
        process = try reader.number(Int32.self)
        parent = try reader.number(Int32.self)
        uid = try reader.number(UInt32.self)
        state = try reader.number(UInt8.self)
        guard (0x41...0x5A).contains(state & 0xDF) else { throw .init(what: "a state that is no letter") }
        processorTime = try reader.number(UInt64.self)
        memory = try reader.number(UInt64.self)
        command = try reader.text(limit: Self.longestCommand)
    }

    fileprivate func write(to writer: inout FieldWriter) {
        writer.number(process)
        writer.number(parent)
        writer.number(uid)
        writer.number(state)
        writer.number(processorTime)
        writer.number(memory)
        writer.text(command, limit: Self.longestCommand)
    }
}

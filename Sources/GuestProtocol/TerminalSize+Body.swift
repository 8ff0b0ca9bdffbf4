package import Unix

extension TerminalSize {
    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.terminal) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let size = TerminalSize(
                rows: try reader.number(UInt16.self), columns: try reader.number(UInt16.self))
            try reader.finish()
            return size
        }
    }

    /// The body of a `terminal` frame.
    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(rows)
        writer.number(columns)
        return writer.bytes
    }
}

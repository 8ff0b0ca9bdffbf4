/// A line of the agent for the job's standard error.
package struct Remark: Hashable, Sendable {
    static let longest = 4 + longestText
    private static let longestText = 512

    /// Printable; what the agent says is not to be trusted.
    package let text: String

    package init(_ text: String) { self.text = text }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.remark) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let text = try reader.text(limit: Self.longestText)
            try reader.finish()
            return Remark(text)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.text(text, limit: Self.longestText)
        return writer.bytes
    }
}

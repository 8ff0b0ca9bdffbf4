/// The time as the host has it.
package struct Clock: Hashable, Sendable {
    static let length = 8

    /// Nanoseconds since 1970.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.clock) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let nanoseconds = try reader.number(Int64.self)
            guard nanoseconds >= 0 else { throw .init(what: "a time before 1970") }
            try reader.finish()
            return Clock(nanoseconds: nanoseconds)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(nanoseconds)
        return writer.bytes
    }
}

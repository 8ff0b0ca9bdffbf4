extension ProtocolError {
    /// Reads a body; what is wrong with it is told with its kind.
    static func reading<Value>(
        _ kind: FrameKind, _ body: () throws(FieldReader.Malformed) -> Value
    ) throws(ProtocolError) -> Value {
        do throws(FieldReader.Malformed) { return try body() } catch { throw .badBody(kind, error.what) }
    }
}

/// What the launcher is about to send in `part` frames.
package struct Begin: Hashable, Sendable {
    /// The only version of the protocol so far.
    package static let version: UInt16 = 1
    static let length = 10
    /// Longest launch order in bytes: more than the kernel takes as arguments and environment.
    package static let longestOrder = 8 << 20
    /// Longest script in bytes: Slurm's greatest `max_script_size`.
    package static let longestScript = 512 << 20

    package let orderLength: Int
    package let scriptLength: Int

    package init(orderLength: Int, scriptLength: Int) {
        self.orderLength = orderLength
        self.scriptLength = scriptLength
    }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.begin) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let version = try reader.number(UInt16.self)
            guard version == Self.version else { throw .init(what: "version \(version)") }
            let order = Int(try reader.number(UInt32.self))
            let script = Int(try reader.number(UInt32.self))
            guard (1...Self.longestOrder).contains(order), script <= Self.longestScript else {
                throw .init(what: "too much to come")
            }
            try reader.finish()
            return Begin(orderLength: order, scriptLength: script)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(Self.version)
        writer.number(UInt32(orderLength))
        writer.number(UInt32(scriptLength))
        return writer.bytes
    }
}

/// Room for that many more bytes of a stream.
package struct Credit: Hashable, Sendable {
    package let stream: PayloadStream
    package let bytes: Int

    package init(_ stream: PayloadStream, bytes: Int) {
        self.stream = stream
        self.bytes = bytes
    }

    package init(_ kind: FrameKind, _ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(kind) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let number = try reader.number(UInt8.self)
            guard let stream = PayloadStream(rawValue: number), (stream == .stdin) == (kind == .inputCredit)
            else { throw .init(what: "stream \(number)") }
            let count = Int(try reader.number(UInt32.self))
            guard (1...Window.size).contains(count) else { throw .init(what: "a credit of \(count)") }
            try reader.finish()
            return Credit(stream, bytes: count)
        }
    }

    package var kind: FrameKind { stream == .stdin ? .inputCredit : .outputCredit }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(stream.rawValue)
        writer.number(UInt32(bytes))
        return writer.bytes
    }
}

/// Why the agent could not start a payload.
package struct StartFailure: Hashable, Sendable {
    static let longest = 4 + 4 + longestText
    private static let longestText = 1000

    /// The kernel's `errno`, 0 for other reasons.
    package let code: UInt32
    /// One line; what the agent says is not to be trusted.
    package let text: String

    package init(code: UInt32, text: String) {
        self.code = code
        self.text = text
    }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.failed) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let code = try reader.number(UInt32.self)
            let text = try reader.text(limit: Self.longestText)
            try reader.finish()
            return StartFailure(code: code, text: text)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(code)
        writer.text(text, limit: Self.longestText)
        return writer.bytes
    }
}

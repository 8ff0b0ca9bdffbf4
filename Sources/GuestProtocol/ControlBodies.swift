/// What an agent says of itself when the machine is up.
///
/// Nothing in it is to be trusted.
package struct Ready: Hashable, Sendable {
    static let longest = 2 + 8 + 4 + longestText + 4 + longestText
    private static let longestText = 128

    /// Version of the agent.
    package let agent: String
    /// Release of the guest's kernel, `uname -r`.
    package let kernel: String
    /// Milliseconds from the kernel's start to the agent's being ready.
    package let uptime: UInt64

    package init(agent: String, kernel: String, uptime: UInt64) {
        self.agent = agent
        self.kernel = kernel
        self.uptime = uptime
    }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.ready) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let version = try reader.number(UInt16.self)
            guard version == Begin.version else { throw .init(what: "version \(version)") }
            let uptime = try reader.number(UInt64.self)
            let agent = try reader.text(limit: Self.longestText)
            let kernel = try reader.text(limit: Self.longestText)
            try reader.finish()
            return Ready(agent: agent, kernel: kernel, uptime: uptime)
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(Begin.version)
        writer.number(uptime)
        writer.text(agent, limit: Self.longestText)
        writer.text(kernel, limit: Self.longestText)
        return writer.bytes
    }
}

/// What an agent says of itself when the machine is up.
///
/// Nothing in it is to be trusted.
package struct Ready: Hashable, Sendable {
    static let shortest = 2 + 8 + 8 + 8 + 4 + 4 + 4
    static let longest = shortest + 2 * longestText + longestList
    private static let longestText = 128
    private static let longestList = 512

    /// Version of the agent.
    package let agent: String
    /// Release of the guest's kernel, `uname -r`.
    package let kernel: String
    /// Milliseconds from the kernel's start to the agent's being ready.
    package let uptime: UInt64
    /// Sockets that wait for somebody from elsewhere, on one line; empty for none.
    package let listening: String
    /// When the payload began, UNIX seconds by the guest's clock; 0 for not yet.
    package var begun: UInt64 = 0
    /// When the scheduler's TERM came to the payload, UNIX seconds by the guest's clock; 0 for not yet.
    package var terminated: UInt64 = 0

    package init(agent: String, kernel: String, uptime: UInt64, listening: String = "") {
        self.agent = agent
        self.kernel = kernel
        self.uptime = uptime
        self.listening = listening
    }

    package init(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        self = try ProtocolError.reading(.ready) { () throws(FieldReader.Malformed) in
            var reader = FieldReader(bytes, body)
            let version = try reader.number(UInt16.self)
            guard version == Begin.version else { throw .init(what: "version \(version)") }
            let uptime = try reader.number(UInt64.self)
            let begun = try reader.number(UInt64.self)
            let terminated = try reader.number(UInt64.self)
            let agent = try reader.text(limit: Self.longestText)
            let kernel = try reader.text(limit: Self.longestText)
            let listening = try reader.text(limit: Self.longestList)
            try reader.finish()
            var ready = Ready(agent: agent, kernel: kernel, uptime: uptime, listening: listening)
            ready.begun = begun
            ready.terminated = terminated
            return ready
        }
    }

    package var body: [UInt8] {
        var writer = FieldWriter()
        writer.number(Begin.version)
        writer.number(uptime)
        writer.number(begun)
        writer.number(terminated)
        writer.text(agent, limit: Self.longestText)
        writer.text(kernel, limit: Self.longestText)
        writer.text(listening, limit: Self.longestList)
        return writer.bytes
    }
}

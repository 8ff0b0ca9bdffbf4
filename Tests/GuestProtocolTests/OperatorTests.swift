import GuestProtocol
import Testing

@Suite("What an operator asks an agent, and its answers")
struct OperatorTests {
    private func row(_ process: Int32, _ command: String) -> ProcessList.Row {
        ProcessList.Row(
            process: process, parent: 1, uid: 1000, state: UInt8(ascii: "S"), processorTime: 12_340,
            memory: 5678, command: command)
    }

    @Test("the host's time keeps every nanosecond, and a time before 1970 is refused")
    func clock() throws {
        for time: Int64 in [0, 1, 1_800_000_000_123_456_789, .max] {
            let body = Clock(nanoseconds: time).body
            #expect(try Clock(body, body.indices).nanoseconds == time)
        }
        let body = Clock(nanoseconds: -1).body
        #expect(throws: ProtocolError.badBody(.clock, "a time before 1970")) {
            try Clock(body, body.indices)
        }
    }

    @Test("a process list comes out as it was put in")
    func list() throws {
        let list = ProcessList([row(7, "sleep 60"), row(8, "")])
        let body = list.body
        #expect(try ProcessList(body, body.indices) == list)
        #expect(list.total == 2)
    }

    @Test("a command that would drive a terminal is shown without that")
    func hostile() throws {
        let body = ProcessList([row(7, "\u{1B}[2J\nx")]).body
        #expect(try ProcessList(body, body.indices).rows.map(\.command) == ["?[2J?x"])
    }

    @Test("of more processes than a frame holds the first are listed, and how many there were")
    func many() throws {
        let list = ProcessList((1...5000).map { row($0, String(repeating: "x", count: 500)) })
        #expect(list.total == 5000)
        #expect(list.rows.count > 150 && list.rows.map(\.process) == Array(1...Int32(list.rows.count)))
        let body = list.body
        #expect(FrameKind.processes.lengths.contains(body.count))
        #expect(try ProcessList(body, body.indices).rows.last?.command.count == 128)
    }

    @Test("a process list that was cut, or names more than it holds, is refused")
    func malformed() throws {
        let body = ProcessList([row(7, "a"), row(8, "b")]).body
        for length in body.indices {
            #expect(throws: ProtocolError.self) { try ProcessList(body, 0..<length) }
        }
        for state: UInt8 in [0, 0x1B, 0x20, 0x5B, 0xFF] {
            var changed = body
            changed[8 + 12] = state
            #expect(throws: ProtocolError.self) { try ProcessList(changed, changed.indices) }
        }
        var changed = body
        changed[4] = 3
        #expect(throws: ProtocolError.self) { try ProcessList(changed, changed.indices) }
    }
}

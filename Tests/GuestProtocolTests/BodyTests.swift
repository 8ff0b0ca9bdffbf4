import GuestProtocol
import Job
import Testing
import Unix

@Suite("What a frame carries comes out as it was put in, or is refused")
struct BodyTests {
    private func made() throws -> LaunchOrder {
        LaunchOrder(
            arguments: [Array("/var/spool/job/script".utf8), [], [0xFF, 0x0A, 0x20]],
            environment: [Array("A=1".utf8), Array("EMPTY=".utf8), [0x42, 0x3D, 0x80, 0x0A]],
            directory: try #require(BytePath(Array("/home/alice".utf8))), umask: 0o027,
            limits: [ResourceLimit(resource: 7, soft: 1024, hard: .max)], scriptMode: 0o700)
    }

    @Test("a launch order keeps every byte")
    func everyByte() throws {
        let order = try made()
        #expect(try LaunchOrder(parsing: order.bytes) == order)
        var command = order
        command.scriptMode = nil
        command.arguments[0] = Array("printf".utf8)
        #expect(try LaunchOrder(parsing: command.bytes) == command)
    }

    @Test("a terminal's size is the same after its way, and nothing else is a size")
    func terminal() throws {
        let sizes: [(UInt16, UInt16)] = [(0, 0), (24, 80), (.max, 1)]
        for size in sizes {
            let size = TerminalSize(rows: size.0, columns: size.1)
            #expect(try TerminalSize(size.body, size.body.indices) == size)
        }
        #expect(throws: ProtocolError.badBody(.terminal, "a field cut short")) {
            try TerminalSize([1, 2, 3], 0..<3)
        }
        #expect(throws: ProtocolError.badBody(.terminal, "bytes behind the last field")) {
            try TerminalSize([1, 2, 3, 4, 5], 0..<5)
        }
        #expect(throws: ProtocolError.outOfOrder(.terminal)) { try AgentDialogue.idle.after(.terminal) }
        for phase in [AgentDialogue.loading, .running, .ended] {
            #expect(try phase.after(.terminal) == phase)
        }
    }

    @Test("a launch order cut short anywhere is refused")
    func truncated() throws {
        let bytes = try made().bytes
        for length in 0..<bytes.count {
            #expect(throws: ProtocolError.self) { try LaunchOrder(parsing: Array(bytes.prefix(length))) }
        }
        #expect(throws: ProtocolError.badBody(.part, "bytes behind the last field")) {
            try LaunchOrder(parsing: bytes + [0])
        }
    }

    @Test("a launch order that cannot be carried out is refused")
    func impossible() throws {
        let order = try made()
        let relative = try #require(BytePath([65]))
        func refusal(_ change: (inout LaunchOrder) -> Void) -> String? {
            var changed = order
            change(&changed)
            let error = #expect(throws: ProtocolError.self) { try LaunchOrder(parsing: changed.bytes) }
            guard case .badBody(.part, let what) = error else { return nil }
            return what
        }
        #expect(refusal { $0.arguments = [] } == "no program")
        #expect(refusal { $0.arguments = [[]] } == "no program")
        #expect(refusal { $0.arguments[1] = [0] } == "a zero byte in a string")
        #expect(refusal { $0.environment[0] = [65, 0] } == "a zero byte in a string")
        #expect(refusal { $0.directory = relative } == "a working directory that is no absolute path")
        #expect(refusal { $0.umask = 0o1000 } == "a file mode mask of 512")
        #expect(refusal { $0.scriptMode = 0o4755 } == "a file mode of 2541")
        #expect(refusal { $0.limits[0].resource = 16 } == "an impossible limit")
        #expect(refusal { $0.limits[0].hard = 1 } == "an impossible limit")
        #expect(refusal { $0.arguments[0] = Array("script".utf8) } == "a script that has no absolute path")
    }

    @Test("counts that cannot follow are refused before memory is taken for them")
    func counts() {
        let error = #expect(throws: ProtocolError.self) {
            try LaunchOrder(parsing: [2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        }
        #expect(error == .badBody(.part, "a count of 4294967295"))
    }

    @Test("a beginning names its version and bounded lengths")
    func begin() throws {
        let begin = Begin(orderLength: 100, scriptLength: 4 << 20)
        #expect(try Begin(begin.body, begin.body.indices) == begin)
        for bad in [
            Begin(orderLength: 0, scriptLength: 0),
            Begin(orderLength: Begin.longestOrder + 1, scriptLength: 0),
            Begin(orderLength: 1, scriptLength: Begin.longestScript + 1),
        ] {
            #expect(throws: ProtocolError.badBody(.begin, "too much to come")) {
                try Begin(bad.body, bad.body.indices)
            }
        }
        var other = begin.body
        other[0] = 2
        #expect(throws: ProtocolError.badBody(.begin, "version 2")) { try Begin(other, other.indices) }
    }

    @Test("credit is for a stream of its direction and at most a window")
    func credit() throws {
        let credit = Credit(.stderr, bytes: Window.size)
        #expect(try Credit(.outputCredit, credit.body, 0..<5) == credit)
        #expect(throws: ProtocolError.self) { try Credit(.inputCredit, credit.body, 0..<5) }
        #expect(throws: ProtocolError.self) {
            try Credit(.outputCredit, Credit(.stdin, bytes: 1).body, 0..<5)
        }
        for count in [0, Window.size + 1] {
            #expect(throws: ProtocolError.badBody(.outputCredit, "a credit of \(count)")) {
                try Credit(.outputCredit, Credit(.stdout, bytes: count).body, 0..<5)
            }
        }
    }

    @Test("texts of a guest are printable, bounded and otherwise refused")
    func texts() throws {
        var ready = Ready(agent: "1\n2", kernel: String(repeating: "é", count: 500), uptime: 4_200)
        ready.begun = 1_794_000_000
        ready.terminated = 1_795_000_000
        let read = try Ready(ready.body, ready.body.indices)
        #expect(read.agent == "1?2")
        #expect(read.kernel == String(repeating: "?", count: 128))
        #expect(read.uptime == 4_200 && read.begun == 1_794_000_000)
        #expect(read.terminated == 1_795_000_000)
        var forged = Ready(agent: "x", kernel: "y", uptime: 1).body
        forged[30] = 0x0A
        #expect(throws: ProtocolError.badBody(.ready, "a text that is not printable ASCII")) {
            try Ready(forged, forged.indices)
        }
    }

    @Test("a notice has a time, or none")
    func notice() throws {
        for shutdown in [nil, 1_795_000_000] as [Int64?] {
            for signal in NoticeSignal.allCases.map(Optional.some) + [nil] {
                let notice = Notice(shutdown: shutdown, signal: signal, reason: "drain")
                #expect(try Notice(notice.body, notice.body.indices) == notice)
            }
        }
        var forged = Notice(shutdown: nil, signal: nil, reason: "").body
        forged[8] = 9
        #expect(throws: ProtocolError.badBody(.notice, "signal 9")) { try Notice(forged, forged.indices) }
    }

    @Test("a remark is one printable line")
    func remark() throws {
        let read = try Remark(Remark("a\nb\u{1B}c").body, 0..<Remark("a\nb\u{1B}c").body.count)
        #expect(read.text == "a?b?c")
    }

    @Test("a stream cannot be ahead of its receiver by more than a window")
    func window() throws {
        var sender = SendWindow()
        var receiver = ReceiveWindow()
        var credits = 0
        for _ in 0..<1000 {
            let count = min(sender.room, 30_000)
            guard count > 0 else { continue }
            sender.sent(count)
            try receiver.received(count, .stdout)
            if let credit = receiver.written(count, of: .stdout) {
                try sender.add(credit)
                credits += 1
            }
        }
        #expect(credits > 1000 * 30_000 / Window.step / 2)
        #expect(throws: ProtocolError.badBody(.outputCredit, "more credit than was used")) {
            try sender.add(Credit(.stdout, bytes: Window.size))
        }
        #expect(throws: ProtocolError.overrun(.stdout)) { try receiver.received(Window.size + 1, .stdout) }
    }
}

@Suite("Each side says only what fits what was said before")
struct DialogueTests {
    private func launcher(_ kinds: [FrameKind]) throws(ProtocolError) -> LauncherDialogue {
        var dialogue = LauncherDialogue.waiting
        for kind in kinds { dialogue = try dialogue.after(kind) }
        return dialogue
    }

    @Test("a payload starts once, speaks, and ends once")
    func order() throws {
        #expect(
            try launcher([.heartbeat, .started, .stdout, .stderr, .remark, .inputCredit, .exited]) == .ended)
        #expect(try launcher([.started, .inputClosed, .heartbeat, .killed]) == .ended)
        #expect(try launcher([.heartbeat, .failed]) == .ended)
    }

    @Test(
        "frames at the wrong time are refused",
        arguments: [
            [.stdout], [.exited], [.inputCredit], [.remark], [.started, .started], [.started, .failed],
            [.started, .exited, .stdout], [.started, .killed, .exited], [.failed, .started],
        ] as [[FrameKind]])
    func disorder(kinds: [FrameKind]) throws {
        let last = try #require(kinds.last)
        #expect(throws: ProtocolError.outOfOrder(last)) { try launcher(kinds) }
    }

    @Test("an agent takes one beginning, then parts, then the streams")
    func agent() throws {
        #expect(try AgentDialogue.idle.after(.begin) == .loading)
        for kind in [.part, .stdin, .signal, .stdinEnd, .outputCredit, .outputClosed] as [FrameKind] {
            #expect(throws: ProtocolError.outOfOrder(kind)) { try AgentDialogue.idle.after(kind) }
        }
        #expect(try AgentDialogue.loading.after(.signal) == .loading)
        #expect(throws: ProtocolError.outOfOrder(.stdin)) { try AgentDialogue.loading.after(.stdin) }
        #expect(throws: ProtocolError.outOfOrder(.begin)) { try AgentDialogue.running.after(.begin) }
        #expect(throws: ProtocolError.outOfOrder(.part)) { try AgentDialogue.running.after(.part) }
        #expect(try AgentDialogue.ended.after(.stdin) == .ended)
    }
}

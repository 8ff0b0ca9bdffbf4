import GuestProtocol
import Job
import Testing
import Unix

/// Everything the reader finds in these bytes, given in pieces of that size.
func frames(
    _ bytes: [UInt8], accepting kinds: Set<FrameKind> = Set(FrameKind.allCases), piece: Int = .max
) throws(ProtocolError) -> [(kind: FrameKind, body: [UInt8])] {
    var reader = FrameReader(accepting: kinds)
    var found: [(kind: FrameKind, body: [UInt8])] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        rest = rest.dropFirst(reader.fill(from: rest.prefix(piece)))
        while let frame = try reader.next() { found.append((frame.kind, Array(reader.bytes[frame.body]))) }
    }
    return found
}

func frame(_ kind: FrameKind, _ body: [UInt8] = []) -> [UInt8] {
    var writer = FrameWriter()
    writer.append(kind, body)
    return writer.take()
}

/// Bytes that are different in each run of the loop and the same in each run of the tests.
struct Noise: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite("A byte stream is taken apart into frames and refused by name")
struct FrameTests {
    @Test(
        "frames come out as they were put in, in whatever pieces they arrive",
        arguments: [1, 2, 5, 7, 4096, .max])
    func pieces(size: Int) throws {
        let data = (0..<FrameHeader.longestBody).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let stream =
            frame(.started) + frame(.stdout, data) + frame(.stderr, [1])
            + frame(.stdout, Array(data.prefix(100)))
            + frame(.exited, [7])
        let found = try frames(stream, piece: size)
        #expect(found.map(\.kind) == [.started, .stdout, .stderr, .stdout, .exited])
        #expect(found[1].body == data)
        #expect(found[2].body == [1])
        #expect(found[3].body == Array(data.prefix(100)))
        #expect(found[4].body == [7])
    }

    @Test("the longest frame fits one write to a port")
    func longest() {
        let data = [UInt8](repeating: 0, count: FrameHeader.longestBody)
        #expect(frame(.stdout, data).count == 32_768)
        #expect(FrameKind.allCases.allSatisfy { $0.lengths.upperBound <= FrameHeader.longestBody })
    }

    @Test("a byte that is no kind is refused at once")
    func unknownKind() {
        #expect(throws: ProtocolError.unknownKind(0xEE)) { try frames([0xEE]) }
        #expect(throws: ProtocolError.unknownKind(0)) { try frames(frame(.heartbeat) + [0]) }
    }

    @Test("a kind from the wrong side is refused at once")
    func wrongDirection() {
        #expect(throws: ProtocolError.wrongDirection(.stdout)) {
            try frames([FrameKind.stdout.rawValue], accepting: .toAgent)
        }
        #expect(throws: ProtocolError.wrongDirection(.stdin)) {
            try frames([FrameKind.stdin.rawValue], accepting: .toLauncher)
        }
        #expect(throws: ProtocolError.wrongDirection(.ready)) {
            try frames([FrameKind.ready.rawValue], accepting: .toLauncher)
        }
        #expect(throws: ProtocolError.wrongDirection(.begin)) {
            try frames([FrameKind.begin.rawValue], accepting: .toControl)
        }
    }

    @Test("no kind is accepted on both ends of a port but the heartbeat")
    func directions() {
        #expect(Set<FrameKind>.toAgent.intersection(.toLauncher) == [.heartbeat])
        #expect(Set<FrameKind>.toControl.intersection(.fromControl) == [.heartbeat])
    }

    @Test(
        "a length that the kind does not allow is refused before the body arrives",
        arguments: FrameKind.allCases)
    func wrongLength(kind: FrameKind) {
        func header(_ length: Int) -> [UInt8] {
            [kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        }
        for length in [kind.lengths.upperBound + 1, 65_537, Int(UInt32.max)] {
            #expect(throws: ProtocolError.wrongLength(kind, length)) { try frames(header(length)) }
        }
        if kind.lengths.lowerBound > 0 {
            let short = kind.lengths.lowerBound - 1
            #expect(throws: ProtocolError.wrongLength(kind, short)) { try frames(header(short)) }
        }
    }

    @Test("what waits to be written keeps its order when frames are added meanwhile")
    func writer() throws {
        var writer = FrameWriter()
        var expected: [UInt8] = []
        for index in 0..<200 {
            let body = [UInt8](repeating: UInt8(index), count: 1000)
            writer.append(.stdout, body)
            expected += frame(.stdout, body)
        }
        #expect(writer.pending == expected.count)
        #expect(writer.take() == expected)
        #expect(writer.isFree)
    }

    @Test("100,000 mutated streams are read or refused, and what is read keeps its bounds")
    func fuzz() throws {
        var noise = Noise(seed: 1)
        let order = LaunchOrder(
            arguments: [Array("/s".utf8), [0xFF, 0xFE]], environment: [Array("A=b".utf8)],
            directory: try #require(BytePath(Array("/".utf8))), umask: 0o22,
            limits: [ResourceLimit(resource: 4, soft: 0, hard: 1)], scriptMode: 0o700)
        let corpus: [[UInt8]] = [
            frame(.begin, Begin(orderLength: 100, scriptLength: 0).body) + frame(.part, order.bytes),
            frame(.stdin, [1, 2, 3]) + frame(.stdinEnd) + frame(.signal, [15]) + frame(.outputClosed, [1]),
            frame(.outputCredit, Credit(.stderr, bytes: 9).body) + frame(.heartbeat),
            frame(.started) + frame(.stdout, Array(repeating: 65, count: 40)) + frame(.exited, [0]),
            frame(.failed, StartFailure(code: 2, text: "no").body)
                + frame(.inputCredit, Credit(.stdin, bytes: 1).body),
            frame(.ready, Ready(agent: "1", kernel: "6.1", uptime: 5).body),
            frame(.hello) + frame(.notice, Notice(shutdown: 12, signal: .USR1, reason: "drain").body),
            frame(.remark, Remark("a line").body) + frame(.noticed),
            frame(.terminal, TerminalSize(rows: 24, columns: 80).body),
        ]
        var refused = 0
        for index in 0..<100_000 {
            var bytes = corpus[index % corpus.count]
            for _ in 0...Int.random(in: 0..<4, using: &noise) {
                let place = Int.random(in: 0..<bytes.count, using: &noise)
                switch Int.random(in: 0..<4, using: &noise) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &noise)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &noise), at: place)
                default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &noise)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            do throws(ProtocolError) {
                for one in try frames(bytes) {
                    precondition(one.kind.lengths.contains(one.body.count))
                    try readBody(one.kind, one.body)
                }
            } catch { refused += 1 }
        }
        // Both ways are taken often, or the mutations are worthless.
        #expect((10_000...95_000).contains(refused), "\(refused) refused")
    }

    private func readBody(_ kind: FrameKind, _ body: [UInt8]) throws(ProtocolError) {
        switch kind {
        case .begin: _ = try Begin(body, body.indices)
        case .part: _ = try LaunchOrder(parsing: body)
        case .outputCredit, .inputCredit: _ = try Credit(kind, body, body.indices)
        case .failed: _ = try StartFailure(body, body.indices)
        case .ready: _ = try Ready(body, body.indices)
        case .notice: _ = try Notice(body, body.indices)
        case .remark: _ = try Remark(body, body.indices)
        case .terminal: _ = try TerminalSize(body, body.indices)
        default: break
        }
    }
}

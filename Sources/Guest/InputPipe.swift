internal import GuestProtocol
internal import Unix

/// The payload's standard input: what the pipe or terminal does not take at once waits here, at most a window of
/// it.
struct InputPipe: ~Copyable {
    /// What a terminal's user types for the end of her input, see termios(3).
    private static let endOfFile: UInt8 = 4

    private var file: FileDescriptor?
    /// -1 when closed.
    private(set) var rawValue: Int32
    private var window = ReceiveWindow()
    private var waiting: [UInt8] = []
    private var start = 0
    private var isEnding = false
    private let isTerminal: Bool

    /// The descriptor is the pipe's only writing end, or one of a terminal's controlling side.
    init(_ file: consuming FileDescriptor, isTerminal: Bool = false) throws(UnixError) {
        try file.setNonBlocking()
        self.isTerminal = isTerminal
        rawValue = file.rawValue
        self.file = consume file
    }

    var isOpen: Bool { rawValue >= 0 }
    var hasWaiting: Bool { isOpen && start < waiting.count }

    /// Takes the body of a frame; the credit to give for what has found its way.
    mutating func take(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) -> Credit? {
        try window.received(body.count, .stdin)
        guard isOpen, !isEnding else { return window.written(body.count, of: .stdin) }
        var written = 0
        if !hasWaiting {
            written = push(bytes, from: body.lowerBound, count: body.count)
            guard isOpen else { return window.written(body.count, of: .stdin) }
        }
        waiting += bytes[(body.lowerBound + written)..<body.upperBound]
        return window.written(written, of: .stdin)
    }

    /// Writes more of what waits.
    mutating func flush() -> Credit? {
        let written = push(waiting, from: start, count: waiting.count - start)
        start += written
        if start == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            start = 0
            if isEnding { close() }
        }
        return window.written(written, of: .stdin)
    }

    /// Closes the pipe once everything has been written.
    mutating func end() {
        isEnding = true
        if isTerminal { waiting.append(Self.endOfFile) }
        if !hasWaiting { close() }
    }

    mutating func close() {
        file = nil
        rawValue = -1
        waiting = []
        start = 0
    }

    private mutating func push(_ bytes: [UInt8], from start: Int, count: Int) -> Int {
        switch try? Transfer.write(bytes, from: start, count: count, to: rawValue) {
        case .bytes(let count): return count
        case .wouldBlock: return 0
        case .end, nil:
            close()
            return 0
        }
    }
}

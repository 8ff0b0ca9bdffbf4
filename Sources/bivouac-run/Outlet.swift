internal import GuestProtocol
internal import Unix

/// One of the launcher's outputs.
///
/// Others hold it too, so its mode is never changed: what cannot be written without waiting waits here, at
/// most a window of it.
struct Outlet: ~Copyable {
    private enum Way { case file, socket, ownPipe, sharedPipe }
    /// A pipe that poll(2) calls writable takes this much without waiting, see pipe(7).
    private static let pipeBuffer = 4096

    let stream: PayloadStream
    private let way: Way
    private let own: FileDescriptor?
    private let rawValue: Int32
    private var window = ReceiveWindow()
    private var waiting: [UInt8] = []
    private var start = 0
    private(set) var isOpen = true
    /// Why the output could not be written, when it was not for lack of a reader.
    private(set) var failure: UnixError?

    init(_ stream: PayloadStream) {
        self.stream = stream
        let descriptor = Int32(stream.rawValue)
        let kind = Descriptors.kind(descriptor)
        // Opened once more a pipe or a terminal gets a mode of its own, if its owner lets us.
        let path = "/proc/self/fd/\(descriptor)"
        let mayWait = kind == .pipe || kind == .terminal
        let pipe = mayWait ? try? FileDescriptor.open(path, [.write, .nonBlocking, .noTerminal]) : nil
        switch consume pipe {
        case .some(let pipe):
            way = .ownPipe
            rawValue = pipe.rawValue
            own = consume pipe
        case nil:
            way =
                switch kind {
                case .socket: .socket
                case .pipe, .terminal: .sharedPipe
                case .file: .file
                }
            rawValue = descriptor
            own = nil
        }
    }

    var hasWaiting: Bool { isOpen && start < waiting.count }

    func add(to poll: inout Poll) {
        if hasWaiting {
            poll.add(rawValue, .writable)
        } else if isOpen, way != .file {
            poll.add(rawValue, [])
        }
    }

    /// Takes the body of a frame; the credit to give for what has been written.
    mutating func take(_ bytes: [UInt8], _ body: Range<Int>, _ kind: FrameKind) throws(ProtocolError)
        -> Credit?
    {
        try window.received(body.count, kind)
        guard isOpen else { return nil }
        let written = hasWaiting ? 0 : push(bytes, from: body.lowerBound, count: body.count)
        guard isOpen else { return nil }
        if written < body.count { waiting += bytes[(body.lowerBound + written)..<body.upperBound] }
        return window.written(written, of: stream)
    }

    /// Writes more of what waits, and notices that nobody reads any more.
    mutating func serve(_ poll: Poll) -> Credit? {
        let events = poll.events(rawValue)
        guard isOpen, !events.isEmpty else { return nil }
        guard hasWaiting else {
            // Nothing else was waited for than the end of its readers.
            close()
            return nil
        }
        let written = push(waiting, from: start, count: waiting.count - start)
        start += written
        if start == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            start = 0
        }
        return window.written(written, of: stream)
    }

    private mutating func push(_ bytes: [UInt8], from start: Int, count: Int) -> Int {
        var written = 0
        do throws(UnixError) {
            while written < count, isOpen {
                guard let step = try write(bytes, from: start + written, count: count - written) else {
                    break
                }
                written += step
            }
        } catch {
            failure = error
            close()
        }
        return written
    }

    /// One write; nil when it would wait.
    private mutating func write(_ bytes: [UInt8], from start: Int, count: Int) throws(UnixError) -> Int? {
        let outcome: Transfer.Outcome
        switch way {
        case .file, .ownPipe:
            outcome = try Transfer.write(bytes, from: start, count: count, to: rawValue)
        case .socket:
            outcome = try Transfer.send(bytes, from: start, count: count, to: rawValue)
        case .sharedPipe:
            guard Poll.now(rawValue, .writable).contains(.writable) else { return nil }
            outcome = try Transfer.write(bytes, from: start, count: min(count, Self.pipeBuffer), to: rawValue)
        }
        switch outcome {
        case .bytes(let count): return count
        case .wouldBlock: return nil
        case .end:
            close()
            return nil
        }
    }

    private mutating func close() {
        isOpen = false
        waiting = []
        start = 0
    }
}

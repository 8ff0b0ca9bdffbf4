internal import GuestProtocol
internal import Unix

/// The launcher's one loop: order and script out, streams both ways, signals out, the end in.
struct Relay: ~Copyable {
    /// Seconds between signs of life.
    private static let heartbeat = 5
    /// Milliseconds of silence after which the machine may be paused.
    private static let noticedSilence: Int64 = 10_000
    /// Seconds that a machine may stand still since the node's disk is full.
    private static let longestStandstill: Int64 = 3600
    /// Frames that are sent in one turn.
    private static let uploads = 16
    /// A turn of the loop that took longer was no turn: the launcher itself had been stopped.
    private static let longestTurn: Int64 = 10_000

    private let job: LiveJob
    /// Seconds of the agent's silence after which the machine counts as dead.
    private let longestSilence: Int64
    private let socket: FileDescriptor
    private let signals: SignalQueue
    private var upload: Upload
    private var exchange: Exchange?
    private var reader = FrameReader(accepting: .toLauncher)
    private var writer = FrameWriter()
    private var dialogue = LauncherDialogue.waiting
    private var output = Outlet(.stdout)
    private var errors = Outlet(.stderr)
    private var inputWindow = SendWindow()
    /// Standard input that was read already.
    private var input: ArraySlice<UInt8>
    private var isInputOpen = true
    private var end: ProcessEnd?
    private var heard = Deadline.now
    /// Whether the node's disk was full at some time of the agent's silence.
    private var isDiskFull = false
    private var turned = Deadline.now
    private var nextHeartbeat = Deadline(seconds: Relay.heartbeat)
    private var closedTold: Set<PayloadStream> = []
    /// Whether the payload has a terminal, which then stands for ours.
    private let wantsTerminal: Bool
    private var terminal: RawTerminal?
    private var isResized: Bool

    init(
        _ job: LiveJob, _ socket: consuming FileDescriptor, _ signals: consuming SignalQueue,
        _ upload: consuming Upload, input: [UInt8] = [], _ exchange: consuming Exchange?,
        longestSilence: Int64, wantsTerminal: Bool
    ) {
        self.input = input[...]
        self.wantsTerminal = wantsTerminal
        isResized = wantsTerminal
        self.job = job
        self.longestSilence = longestSilence
        self.socket = socket
        self.signals = signals
        self.upload = upload
        self.exchange = exchange
        writer.append(.begin, self.upload.begin.body)
        tellSize()
    }

    /// Relays until the payload has ended and everything it wrote is written.
    mutating func run() throws(Failure) -> ProcessEnd {
        do throws(Failure) {
            while true {
                if let end, !output.hasWaiting, !errors.hasWaiting {
                    terminal = nil
                    return conclude(end)
                }
                try turn()
            }
        } catch {
            // What the payload wrote before is the user's.
            finishOutputs()
            throw error
        }
    }

    private func conclude(_ end: ProcessEnd) -> ProcessEnd {
        switch exchange {
        case .some(let exchange): exchange.conclude(end)
        case nil: end
        }
    }

    private mutating func turn() throws(Failure) {
        var poll = Poll()
        addDescriptors(to: &poll)
        poll.wait(milliseconds: nextHeartbeat.milliseconds)
        let now = Deadline.now
        if now - turned > Self.longestTurn { heard = now }
        turned = now
        while !poll.events(signals.rawValue).isEmpty, let signal = signals.next() {
            if signal == Signals.windowChange {
                isResized = wantsTerminal
            } else if end == nil {
                writer.append(.signal, [UInt8(truncatingIfNeeded: signal)])
            }
        }
        if end == nil {
            try listen(poll)
            try speak(poll)
            try beat(now)
        }
        if let credit = output.serve(poll) { writer.append(credit.kind, credit.body) }
        if let credit = errors.serve(poll) { writer.append(credit.kind, credit.body) }
        tellClosed(.stdout, output.isOpen, output.failure)
        tellClosed(.stderr, errors.isOpen, errors.failure)
    }

    private mutating func addDescriptors(to poll: inout Poll) {
        poll.add(signals.rawValue, .readable)
        output.add(to: &poll)
        errors.add(to: &poll)
        guard end == nil else { return }
        let wantsWrite = writer.pending > 0 || !isUploaded || mayReadInput && !input.isEmpty
        poll.add(socket.rawValue, wantsWrite ? [.readable, .writable] : .readable)
        if mayReadInput, input.isEmpty { poll.add(0, .readable) }
    }

    private var isUploaded: Bool {
        switch exchange {
        case .some(let exchange): upload.isDone && exchange.isSent
        case nil: upload.isDone
        }
    }

    private var mayReadInput: Bool {
        isInputOpen && dialogue == .running && inputWindow.room > 0 && writer.isFree
    }

    /// What the agent says.
    private mutating func listen(_ poll: Poll) throws(Failure) {
        guard !poll.events(socket.rawValue).isDisjoint(with: .anyInput) else { return }
        let outcome: Transfer.Outcome
        do throws(UnixError) { outcome = try reader.fill(from: socket.rawValue) } catch {
            throw lost("\(error)")
        }
        if outcome == .end { throw lost("its connection was closed") }
        heard = turned
        isDiskFull = false
        do throws(ProtocolError) {
            while let frame = try reader.next() { try take(frame) }
        } catch {
            throw Failure(.malformed, "the machine's answer is malformed (\(error))")
        }
        if let refused { throw refused }
    }

    private var refused: Failure?

    private mutating func take(_ frame: Frame) throws(ProtocolError) {
        dialogue = try dialogue.after(frame.kind)
        let bytes = reader.bytes
        switch frame.kind {
        case .started where wantsTerminal: terminal = try? RawTerminal.make(0)
        case .stdout: give(try output.take(bytes, frame.body, frame.kind))
        case .stderr: give(try errors.take(bytes, frame.body, frame.kind))
        case .inputCredit: try inputWindow.add(try Credit(.inputCredit, bytes, frame.body))
        case .inputClosed: isInputOpen = false
        case .returned:
            guard let isEnough = try exchange?.take(bytes, frame.body) else { throw .outOfOrder(.returned) }
            if isEnough { writer.append(.enough) }
        case .exited: end = .exited(bytes[frame.body.lowerBound])
        case .killed:
            let signal = bytes[frame.body.lowerBound]
            guard (1...64).contains(signal) else { throw .badBody(.killed, "signal \(signal)") }
            end = .killed(signal: signal)
        case .failed:
            let failure = try StartFailure(bytes, frame.body)
            refused = Failure(.unavailable, "the machine could not start the job: \(failure.text)")
        case .remark: say("bivouac: \(try Remark(bytes, frame.body).text)")
        default: break
        }
    }

    private mutating func give(_ credit: Credit?) {
        if let credit { writer.append(credit.kind, credit.body) }
    }

    /// What the agent is told.
    private mutating func speak(_ poll: Poll) throws(Failure) {
        do throws(UnixError) {
            if writer.isFree, isResized { tellSize() }
            for _ in 0..<Self.uploads where writer.isFree && !isUploaded {
                if upload.isDone { exchange?.next(into: &writer) } else { try upload.next(into: &writer) }
                if try writer.flush(to: socket.rawValue) == .end { break }
            }
            if mayReadInput, !input.isEmpty {
                sendInput()
            } else if mayReadInput, !poll.events(0).isEmpty {
                readInput()
            }
            if try writer.flush(to: socket.rawValue) == .end { throw UnixError("write", UnixError.refused) }
        } catch { throw lost("\(error)") }
    }

    private mutating func sendInput() {
        let part = input.prefix(min(inputWindow.room, FrameHeader.longestBody))
        writer.append(.stdin, Array(part))
        inputWindow.sent(part.count)
        input = input.dropFirst(part.count)
    }

    private mutating func readInput() {
        switch try? writer.append(.stdin, from: 0, limit: inputWindow.room) {
        case .bytes(let count): inputWindow.sent(count)
        case .wouldBlock: break
        case .end, nil:
            isInputOpen = false
            writer.append(.stdinEnd)
        }
    }

    private mutating func tellSize() {
        guard isResized, let size = TerminalSize(of: 0) else { return }
        isResized = false
        writer.append(.terminal, size.body)
    }

    /// A line on standard error; a terminal in raw mode does not by itself begin the next one at its left.
    private func say(_ line: String) {
        Process.report(line)
        switch terminal {
        case .some: Process.print("\r")
        case nil: break
        }
    }

    private mutating func tellClosed(_ stream: PayloadStream, _ isOpen: Bool, _ failure: UnixError?) {
        guard !isOpen, dialogue == .running, closedTold.insert(stream).inserted else { return }
        if let failure {
            say("bivouac: standard \(stream == .stdout ? "output" : "error"): \(failure)")
        }
        writer.append(.outputClosed, [stream.rawValue])
    }

    private mutating func beat(_ now: Int64) throws(Failure) {
        if nextHeartbeat.isOver {
            nextHeartbeat = Deadline(seconds: Self.heartbeat)
            if writer.isFree { writer.append(.heartbeat) }
        }
        guard now - heard >= min(longestSilence * 1000, Self.noticedSilence) else { return }
        // An operator may have paused the machine; that is written before it is done. A machine that runs
        // again has the whole time to be heard.
        if case .paused? = try? job.phase() { heard = now }
        isDiskFull = isDiskFull || job.isDiskFull
        let limit = isDiskFull ? max(longestSilence, Self.longestStandstill) : longestSilence
        guard now - heard >= limit * 1000 else { return }
        throw Failure(
            .unavailable,
            isDiskFull
                ? "the machine stands still since the node's disk is full (for \(limit) s)"
                : dialogue == .waiting
                    ? "the machine does not answer (for \(limit) s): perhaps it has its payload"
                    : "the machine ended before the job did (silent for \(limit) s)")
    }

    private func lost(_ why: String) -> Failure {
        Failure(.unavailable, "the machine ended before the job did (\(why))")
    }

    /// Writes what has arrived, for a while.
    private mutating func finishOutputs() {
        let deadline = Deadline(seconds: 10)
        while !deadline.isOver, output.hasWaiting || errors.hasWaiting {
            var poll = Poll()
            output.add(to: &poll)
            errors.add(to: &poll)
            poll.wait(milliseconds: deadline.milliseconds)
            _ = output.serve(poll)
            _ = errors.serve(poll)
        }
    }
}

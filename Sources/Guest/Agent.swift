package import GuestProtocol
package import Job
internal import Staging
package import Unix

/// The agent after its preparations: one loop over two ports and one payload.
///
/// The control port is root's on the host: it is told when the machine is ready, and brings news of the
/// machine's lifetime. The payload port is the launcher's: it brings the one payload of this machine's life,
/// whose end is also the end of what the agent does there.
package struct Agent: ~Copyable {
    /// Seconds between signs of life.
    static let heartbeat = 5

    /// What the payload finds and how the agent goes about it.
    package struct Surroundings: Sendable {
        package var identity: Identity
        /// Variables that the payload gets beside those of the launch order.
        package var variables: [(name: String, value: String)]
        /// The site's variables, for a payload that has none of these names.
        package var environment: [String: String]
        /// The job's features, for later news.
        package var features: FeatureTree?
        /// Seconds left once the scheduler tells the job to end; nil when that is not known.
        package var grace: Int?
        package var listening: ListeningRule
        package var payload: PayloadSource
        /// The program that becomes the payload.
        package var program: String
        /// A directory that nobody else can read.
        package var directory: String
        package var ready: Ready
        /// What the job was promised and this machine cannot give it: no payload starts.
        package var unmet: AgentError?
        /// Whether what a payload writes may be meant to outlive the machine.
        package var isAttached: Bool

        package init(
            identity: Identity, variables: [(name: String, value: String)],
            environment: [String: String] = [:], features: FeatureTree?,
            grace: Int? = nil, listening: ListeningRule = .note, payload: PayloadSource = .job,
            program: String, directory: String, ready: Ready, unmet: AgentError? = nil,
            isAttached: Bool = false
        ) {
            self.identity = identity
            self.variables = variables
            self.environment = environment
            self.features = features
            self.grace = grace
            self.listening = listening
            self.payload = payload
            self.program = program
            self.directory = directory
            self.ready = ready
            self.unmet = unmet
            self.isAttached = isAttached
        }
    }

    let surroundings: Surroundings
    var console: Console
    var control: Port
    var port: Port
    var dialogue = AgentDialogue.idle
    /// A machine takes one payload in its life.
    var isTaken = false
    var upload: Upload?
    /// The size of the terminal that the payload is to have; nil for pipes.
    var terminal: TerminalSize?
    /// What it says of itself to root on the host.
    var ready: Ready
    /// The user's files while they come, what of them to compare with, and what has changed on its way back.
    var arrival: Arrival?
    var staged: (places: [OpenPlace], known: KnownFiles)?
    var returning: TreeSender?
    /// Signals that came before there was a payload.
    var earlySignals: [Int32] = []
    var payload: Payload?
    /// How the payload ended, once it did, and how long its outputs may be held open by others.
    var end: ProcessEnd?
    var drainUntil: Deadline?
    /// When the payload has to be stopped, or killed.
    var freezeAt: Deadline?
    var killAt: Deadline?
    /// What the payload said when it asked for its end, and when it is helped with it.
    var farewell: Farewell?
    var termAt: Deadline?
    let directory: PayloadDirectory?
    /// Tells that the guest shuts down; only where that is the end of what the job is for.
    let shutdown: SignalQueue?
    private let ticker: Ticker
    var errorsFirst = false
    var inputClosedTold = false

    /// The descriptors are the ports', nobody else has them, and they never wait.
    package init(
        control: consuming FileDescriptor, payload: consuming FileDescriptor, console: consuming Console,
        directory: consuming PayloadDirectory? = nil, shutdown: consuming SignalQueue? = nil,
        surroundings: Surroundings
    ) throws(UnixError) {
        let controlPort = try Port(control, accepting: .toControl)
        let payloadPort = try Port(payload, accepting: .toAgent)
        let ticker = try Ticker(seconds: Self.heartbeat)
        self.surroundings = surroundings
        ready = surroundings.ready
        self.console = console
        self.directory = directory
        self.shutdown = shutdown
        self.control = controlPort
        port = payloadPort
        self.ticker = ticker
    }

    /// Waits for something to happen, at most `milliseconds`, and does what is to be done.
    package mutating func step(atMost milliseconds: Int = -1) {
        var poll = Poll()
        control.add(to: &poll)
        port.add(to: &poll)
        addPayload(to: &poll)
        poll.add(ticker.rawValue, .readable)
        if let requestPipe { poll.add(requestPipe, .readable) }
        if let shutdownQueue { poll.add(shutdownQueue, .readable) }
        poll.wait(milliseconds: patience(atMost: milliseconds))
        serveControl(poll)
        servePort(poll)
        serveRequest(poll)
        serveShutdown(poll)
        servePayload(poll)
        serveReturn()
        if !poll.events(ticker.rawValue).isEmpty { beat() }
    }

    /// How long nothing can be missed, in milliseconds; -1 is for ever.
    private func patience(atMost limit: Int) -> Int {
        if isReturning { return 0 }
        var patience = limit < 0 ? Int.max : limit
        for deadline in [freezeAt, killAt, termAt, drainUntil] {
            if let deadline { patience = min(patience, deadline.milliseconds) }
        }
        // Without a descriptor that tells of its end the process has to be asked.
        if isWaitingBlindly { patience = min(patience, 50) }
        return patience == .max ? -1 : patience
    }

    private mutating func serveControl(_ poll: Poll) {
        switch control.change(in: poll) {
        case .none: break
        case .disconnected: control.disconnect()
        case .readable:
            if control.fill() != .end { takeControlFrames() } else { control.disconnect() }
        }
        if control.takeNewcomer() { control.writer.append(.ready, ready.body) }
        if !control.flush() { control.disconnect() }
    }

    private mutating func takeControlFrames() {
        do throws(ProtocolError) {
            while let frame = try control.reader.next() {
                switch frame.kind {
                case .hello:
                    // Who asks without reading the answers gets no more of them.
                    if control.writer.pending < 4096 { control.writer.append(.ready, ready.body) }
                case .notice: take(try Notice(control.reader.bytes, frame.body))
                case .clock: set(try Clock(control.reader.bytes, frame.body))
                case .top: listProcesses()
                default: break
                }
            }
        } catch {
            console.say("control port: \(error)")
            control.refuse()
        }
    }

    private mutating func beat() {
        ticker.clear()
        // A launcher that takes nothing is stopped or slow, and needs no further sign.
        if port.isConnected, dialogue == .loading || dialogue == .running, port.writer.isFree {
            port.writer.append(.heartbeat)
            if !port.flush() { loseLauncher() }
        }
    }
}

extension Agent {
    /// Whether no payload is running, and nothing of one is on its way back.
    package var isIdle: Bool {
        switch returning {
        case .some: false
        case nil: payload == nil
        }
    }
}

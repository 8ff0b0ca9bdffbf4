internal import GuestProtocol
internal import Job
internal import Unix

extension Agent {
    /// What the launcher says.
    mutating func servePort(_ poll: Poll) {
        switch port.change(in: poll) {
        case .none: break
        case .disconnected: loseLauncher()
        case .readable: listen()
        }
        if !port.flush() { loseLauncher() }
    }

    /// Takes what is there; of the user's files some more while they come, since a port gives little at a time.
    private mutating func listen() {
        for _ in 0..<64 {
            switch port.fill() {
            case .end: return loseLauncher()
            case .wouldBlock: return
            case .bytes: break
            }
            if port.takeNewcomer() { dialogue = .idle }
            do throws(ProtocolError) {
                while let frame = try port.reader.next() { try take(frame) }
            } catch { return refuse(error) }
            guard isExpecting else { return }
        }
    }

    private var isExpecting: Bool {
        switch arrival {
        case .some: true
        case nil: false
        }
    }

    /// A launcher that does not keep to the protocol loses its payload, and is told how it ended.
    private mutating func refuse(_ error: ProtocolError) {
        console.say("payload port: \(error)")
        port.refuse()
        upload = nil
        arrival = nil
        if payload == nil { fail(code: 0, "the launcher's \(error)") } else { endPayload() }
    }

    private mutating func take(_ frame: Frame) throws(ProtocolError) {
        dialogue = try dialogue.after(frame.kind)
        let bytes = port.reader.bytes
        switch frame.kind {
        case .begin: begin(try Begin(bytes, frame.body))
        case .part: try takePart(bytes, frame.body)
        case .terminal: resize(try TerminalSize(bytes, frame.body))
        case .sent: try takeFiles(bytes, frame.body)
        case .enough: endReturn()
        case .signal: try deliver(Int32(bytes[frame.body.lowerBound]))
        case .stdin: give(try payload?.input.take(bytes, frame.body))
        case .stdinEnd: payload?.input.end()
        case .outputCredit:
            let credit = try Credit(.outputCredit, bytes, frame.body)
            if credit.stream == .stdout {
                try payload?.output.add(credit)
            } else {
                try payload?.errors.add(credit)
            }
        case .outputClosed:
            switch PayloadStream(rawValue: bytes[frame.body.lowerBound]) {
            case .stdout: payload?.output.close()
            case .stderr: payload?.errors.close()
            case .stdin, nil: throw .badBody(.outputClosed, "no output")
            }
        default: break
        }
        // The stream that closed while its bytes were under way.
        if frame.kind == .stdin, payload?.input.isOpen == false { tellInputClosed() }
    }

    private mutating func begin(_ begin: Begin) {
        guard !isTaken else { return fail(code: 0, "busy: this machine has had its payload") }
        isTaken = true
        upload = Upload(begin, for: surroundings.identity)
    }

    private mutating func resize(_ size: TerminalSize) {
        if dialogue == .loading { terminal = size }
        payload?.resize(size)
    }

    private mutating func takePart(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        guard dialogue == .loading else { return }
        guard let launch = try upload?.take(bytes, body) else { return }
        let failure = upload?.failure
        upload = nil
        if let failure { return fail(code: failure.code, failure.description) }
        if let stage = launch.stage, surroundings.payload == .job { return expect(stage, of: launch) }
        start(launch)
    }

    mutating func start(_ launch: LaunchOrder) {
        if let unmet = surroundings.unmet { return fail(code: 0, unmet.description) }
        let listeners = ListeningSocket.line(ListeningSocket.all())
        if !listeners.isEmpty {
            console.say("listening: \(listeners)")
            if surroundings.listening == .fail {
                return fail(code: 0, "somebody listens in the machine, which its queue forbids: \(listeners)")
            }
        }
        publishScratch(launch)
        guard surroundings.payload == .job else {
            tellStart()
            console.say("the image's own payload is the job's")
            return endImagePayload()
        }
        var launch = launch
        let credentials = launch.credentials
        launch.credentials = []
        do throws(UnixError) { try place(credentials, for: &launch) } catch {
            return fail(code: UInt32(error.code), "credentials: \(error)")
        }
        for variable in surroundings.variables { launch.setVariable(variable.name, variable.value) }
        for (name, value) in surroundings.environment where launch.variable(name) == nil {
            launch.setVariable(name, value)
        }
        // Without one the payload finds itself in /tmp and is told so.
        try? Placement.makeDirectory(launch.directory, mode: 0o755, for: surroundings.identity)
        do throws(UnixError) {
            payload = try Payload.start(
                launch, as: surroundings.identity, program: surroundings.program,
                directory: surroundings.directory, terminal: terminal)
        } catch { return fail(code: UInt32(error.code), error.description) }
        tellStart()
        console.say("payload started")
        let signals = earlySignals
        earlySignals = []
        for signal in signals { pass(signal) }
    }

    private mutating func tellStart() {
        dialogue = .running
        port.writer.append(.started)
        ready.begun = UInt64(max(0, currentSeconds()))
    }

    mutating func fail(code: UInt32, _ text: String) {
        console.say("payload not started: \(text)")
        dialogue = .ended
        port.writer.append(.failed, StartFailure(code: code, text: text).body)
    }

    /// Nobody is there to hear of the payload any more.
    mutating func loseLauncher() {
        port.disconnect()
        upload = nil
        arrival = nil
        returning = nil
        if payload != nil, end == nil { console.say("launcher lost, payload ends") }
        endPayload()
    }

    /// The payload ends, as it would with the task it stands for.
    private mutating func endPayload() {
        guard payload != nil, end == nil, killAt == nil else { return }
        freezeAt = nil
        withPayload { payload in
            payload.processes.thaw()
            // An interactive shell takes no TERM, but goes with its terminal.
            if payload.hasTerminal { payload.processes.signal(Signals.hangUp) }
            payload.processes.signal(Signals.terminate)
            payload.input.close()
        }
        killAt = Deadline(seconds: 5)
    }

    /// A signal that the launcher got.
    private mutating func deliver(_ signal: Int32) throws(ProtocolError) {
        guard Signals.relayed.contains(signal) else { throw .badBody(.signal, "signal \(signal)") }
        if signal == Signals.terminate { announceEnd() }
        pass(signal)
    }

    /// Passes a signal on: what a scheduler sends to a whole job goes to all processes of the payload, the
    /// others to its first process alone.
    mutating func pass(_ signal: Int32) {
        guard payload != nil else {
            if earlySignals.count < 32 { earlySignals.append(signal) }
            return
        }
        guard end == nil else { return }
        switch signal {
        case Signals.terminalStop:
            withPayload { $0.processes.signal(signal) }
            // Time for whoever catches it.
            freezeAt = freezeAt ?? Deadline(seconds: 1)
        case Signals.proceed:
            freezeAt = nil
            withPayload { payload in
                payload.processes.thaw()
                payload.processes.signal(signal)
            }
        case Signals.terminate: withPayload { $0.processes.signal(signal) }
        default: withPayload { _ = Signals.send(signal, to: $0.process.id) }
        }
    }

    mutating func give(_ credit: Credit?) {
        if let credit { port.writer.append(credit.kind, credit.body) }
    }

    mutating func tellInputClosed() {
        guard !inputClosedTold else { return }
        inputClosedTold = true
        port.writer.append(.inputClosed)
    }
}

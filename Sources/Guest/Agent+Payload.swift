internal import GuestProtocol
internal import Unix

extension Agent {
    /// Whether the payload's end can only be found by asking.
    var isWaitingBlindly: Bool {
        switch payload {
        case .some(let payload): end == nil && payload.process.rawWatch == nil
        case nil: false
        }
    }

    /// Adds what of the payload there is to wait for.
    func addPayload(to poll: inout Poll) {
        switch payload {
        case .some(let payload):
            if end == nil, let watch = payload.process.rawWatch { poll.add(watch, .readable) }
            // Only the pipe tells that nobody reads it any more; that is seen when it is written.
            if payload.input.hasWaiting { poll.add(payload.input.rawValue, .writable) }
            if port.isConnected, port.writer.isFree {
                if payload.output.mayRead { poll.add(payload.output.rawValue, .readable) }
                if payload.errors.mayRead { poll.add(payload.errors.rawValue, .readable) }
            }
        case nil: break
        }
    }

    /// Moves the payload's streams on and takes note of its end.
    mutating func servePayload(_ poll: Poll) {
        guard payload != nil else { return }
        if freezeAt?.isOver == true {
            freezeAt = nil
            withPayload { $0.processes.freeze() }
        }
        if killAt?.isOver == true {
            killAt = nil
            withPayload { $0.processes.kill() }
        }
        feed(poll)
        notice(poll)
        drain(poll)
        if !port.flush() { loseLauncher() }
        finish()
    }

    private mutating func feed(_ poll: Poll) {
        guard payload?.input.hasWaiting == true else { return }
        var credit: Credit?
        var closed = false
        withPayload { payload in
            guard payload.input.hasWaiting, !poll.events(payload.input.rawValue).isEmpty else { return }
            credit = payload.input.flush()
            closed = !payload.input.isOpen
        }
        give(credit)
        if closed { tellInputClosed() }
    }

    /// Asks for the end of the payload's first process; with it everything of the payload ends.
    private mutating func notice(_ poll: Poll) {
        guard end == nil, isWaitingBlindly || hasEnded(poll) else { return }
        var ended: ProcessEnd?
        withPayload { payload in
            ended = payload.process.end()
            guard ended != nil else { return }
            payload.processes.kill()
            payload.input.close()
        }
        guard let ended else { return }
        end = ended
        drainUntil = Deadline(seconds: 2)
        freezeAt = nil
        killAt = nil
        termAt = nil
        console.say("payload ended")
    }

    private func hasEnded(_ poll: Poll) -> Bool {
        switch payload {
        case .some(let payload):
            guard let watch = payload.process.rawWatch else { return false }
            return !poll.events(watch).isEmpty
        case nil: return false
        }
    }

    /// Takes from both outputs in turn while the port takes it.
    private mutating func drain(_ poll: Poll) {
        if drainUntil?.isOver == true {
            drainUntil = nil
            payload?.output.takeNoMore()
            payload?.errors.takeNoMore()
        }
        guard port.isConnected else { return }
        // A few frames at a time, so that nothing else waits long; from both in turn while both have some.
        var hasOutput = mayHave(payload?.output.rawValue, poll)
        var hasErrors = mayHave(payload?.errors.rawValue, poll)
        for _ in 0..<16 where hasOutput || hasErrors {
            guard port.writer.isFree else { return }
            errorsFirst = hasErrors && !(hasOutput && errorsFirst)
            if errorsFirst {
                hasErrors = payload?.errors.read(into: &port.writer) == true
            } else {
                hasOutput = payload?.output.read(into: &port.writer) == true
            }
            if !port.flush() { return loseLauncher() }
        }
    }

    /// Whether a look is worth while: the wait said so, or the payload has ended and what it left is taken.
    private func mayHave(_ descriptor: Int32?, _ poll: Poll) -> Bool {
        guard let descriptor, descriptor >= 0 else { return false }
        return end != nil || !poll.events(descriptor).isEmpty
    }

    /// Sends back what changed and tells the end, after everything the payload wrote.
    private mutating func finish() {
        guard end != nil else { return }
        var isDrained = false
        withPayload { isDrained = !$0.output.isOpen && !$0.errors.isOpen }
        guard isDrained || !port.isConnected else { return }
        if port.isConnected, dialogue == .running { readMessage() }
        withPayload { $0.processes.dissolve() }
        payload = nil
        drainUntil = nil
        killAt = nil
        freezeAt = nil
        guard !beginReturn() else { return }
        tellEnd()
        // The overlay may be looked at after the machine's end.
        Machine.synchronize()
    }

    /// The last that a launcher hears.
    mutating func tellEnd() {
        guard let end, port.isConnected, dialogue == .running else { return }
        // Who hears of the end may end the machine at once.
        if surroundings.isAttached { Machine.synchronize() }
        switch told(end) {
        case .exited(let code): port.writer.append(.exited, [code])
        case .killed(let signal): port.writer.append(.killed, [signal])
        }
        dialogue = .ended
        if !port.flush() { port.disconnect() }
    }

    /// Runs a body on the payload in place, when there is one.
    mutating func withPayload(_ body: (inout Payload) -> Void) {
        guard var taken = payload.take() else { return }
        body(&taken)
        payload = consume taken
    }
}

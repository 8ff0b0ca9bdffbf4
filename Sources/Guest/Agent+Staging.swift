internal import GuestProtocol
internal import Staging
internal import Unix

extension Agent {
    /// Frames of one step, so that nothing else waits long.
    private static let frames = 16

    /// Waits for the user's files before the payload starts.
    mutating func expect(_ stage: StageOrder, of launch: LaunchOrder) {
        do throws(AgentError) {
            arrival = try Arrival.prepare(stage, of: launch, for: surroundings.identity)
        } catch {
            if error.code == UInt32(UnixError.noSpace) {
                return fail(
                    code: error.code,
                    "the machine's disk has no room for the \(stage.size) bytes of the working directory: "
                        + "name what the job needs with stage= words, or take an image with a larger disk")
            }
            fail(code: error.code, "the working directory: \(error)")
        }
    }

    /// Takes some of the user's files; with the last the payload starts.
    mutating func takeFiles(_ bytes: [UInt8], _ body: Range<Int>) throws(ProtocolError) {
        guard dialogue == .loading else { return }
        guard var taken = arrival.take() else { throw .outOfOrder(.sent) }
        try taken.take(bytes, body)
        if let failure = taken.failure {
            return fail(code: 0, "a file of the working directory cannot be made in the machine: \(failure)")
        }
        guard taken.isDone else {
            arrival = consume taken
            return
        }
        staged = (taken.places, taken.known)
        WallClock.awaitTick()
        start(taken.launch)
    }

    /// Begins to send back what the payload has changed; false when there is nobody or nothing to.
    mutating func beginReturn() -> Bool {
        guard let staged, port.isConnected, dialogue == .running else { return false }
        self.staged = nil
        returning = TreeSender(staged.places, since: staged.known)
        return true
    }

    /// Whether there are frames to be made at once.
    var isReturning: Bool {
        switch returning {
        case .some: port.isConnected && port.writer.isFree
        case nil: false
        }
    }

    /// Sends more of what has changed, and behind the last of it the payload's end.
    mutating func serveReturn() {
        guard var sender = returning.take() else { return }
        let identity = surroundings.identity
        for _ in 0..<Self.frames where port.writer.isFree && !sender.isDone {
            FileSystemIdentity.with(identity) {
                port.writer.append(.returned) { sender.fill(&$0, $1) }
            }
            if !port.flush() { return loseLauncher() }
        }
        guard sender.isDone, port.writer.isFree else {
            returning = consume sender
            return
        }
        for line in sender.complaints.lines { remark("not brought back: \(line)") }
        tellEnd()
        Machine.synchronize()
    }

    /// The launcher takes no more.
    mutating func endReturn() {
        guard returning.take() != nil else { return }
        tellEnd()
        Machine.synchronize()
    }
}

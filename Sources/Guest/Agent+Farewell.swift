internal import GuestProtocol
internal import Job
internal import Unix

extension Agent {
    /// Milliseconds for a payload to end by itself after it asked for its end, and then after TERM.
    private static let patience = (request: 2000, term: 5000)

    /// Descriptor by which a payload asks for its end; nil where there is none.
    var requestPipe: Int32? {
        switch directory {
        case .some(let directory): directory.rawValue
        case nil: nil
        }
    }

    /// A payload that may be terminated says so, and its job ends early: by itself if it can, by TERM if not.
    mutating func serveRequest(_ poll: Poll) {
        if termAt?.isOver == true {
            termAt = nil
            withPayload { payload in
                payload.processes.thaw()
                payload.processes.signal(Signals.terminate)
            }
            killAt = killAt ?? Deadline(milliseconds: Self.patience.term)
        }
        guard let pipe = requestPipe, poll.events(pipe).contains(.readable) else { return }
        var said: Farewell?
        switch directory {
        case .some(let directory): said = directory.request()
        case nil: break
        }
        guard let said, end == nil, farewell == nil else { return }
        if surroundings.payload == .image {
            farewell = said
            endImagePayload()
        } else if dialogue == .running {
            farewell = said
            remark("the payload asks for the end of the job: \(said.text)")
            termAt = Deadline(milliseconds: Self.patience.request)
        }
    }

    /// Ends the job as the image's own payload said, which may have been before there was a launcher.
    mutating func endImagePayload() {
        guard let farewell, dialogue == .running else { return }
        remark("the payload asks for the end of the job: \(farewell.text)")
        endImagePayload(farewell.exitCode)
    }

    /// Descriptor of the signal that a guest's shutdown sends; nil where a job's payload is what counts.
    var shutdownQueue: Int32? {
        switch shutdown {
        case .some(let queue): queue.rawValue
        case nil: nil
        }
    }

    /// An image that shuts its machine down has done what it ran for.
    ///
    /// A machine that goes without this word has died, and its job fails.
    mutating func serveShutdown(_ poll: Poll) {
        guard let shutdownQueue, !poll.events(shutdownQueue).isEmpty else { return }
        switch shutdown {
        case .some(let queue): _ = queue.next()
        case nil: break
        }
        guard dialogue == .running, end == nil, farewell == nil else { return }
        remark("the machine shuts down")
        endImagePayload(0)
    }

    private mutating func endImagePayload(_ code: UInt8) {
        if surroundings.isAttached { Machine.synchronize() }
        port.writer.append(.exited, [code])
        dialogue = .ended
        if !port.flush() { port.disconnect() }
    }

    /// How the payload's end is told: one that died only of the end it asked for ended as it said.
    func told(_ end: ProcessEnd) -> ProcessEnd {
        guard let farewell, case .killed(let signal) = end,
            [Signals.terminate, Signals.kill].contains(Int32(signal))
        else { return end }
        return .exited(farewell.exitCode)
    }

    /// Passes on what the payload left to be said of its end.
    mutating func readMessage() {
        var message: Farewell?
        switch directory {
        case .some(let directory): message = directory.message()
        case nil: break
        }
        if let message, message != farewell { remark("shutdown_message: \(message.text)") }
    }

    /// Puts the user's credentials into memory and tells the payload where.
    mutating func place(_ credentials: [Credential], for launch: inout LaunchOrder) throws(UnixError) {
        guard !credentials.isEmpty else { return }
        switch directory {
        case .some(let directory):
            for credential in credentials {
                launch.setVariable(credential.variable, try directory.put(credential))
            }
        case nil: throw UnixError("open", UnixError.noEntry, "a place in memory for credentials")
        }
    }
}

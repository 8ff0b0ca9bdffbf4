internal import GuestProtocol
internal import Job
internal import Unix

extension Agent {
    /// News of root on the host: the payload's features follow at once, it gets the signal that was chosen for
    /// it, and its user a line.
    mutating func take(_ notice: Notice) {
        publish(shutdown: notice.shutdown)
        if let moment = notice.shutdown {
            remark("the job must end by \(Timestamp(seconds: moment)): \(notice.reason)")
        } else {
            remark("no end of the job is foreseen any more: \(notice.reason)")
        }
        if let signal = notice.signal { pass(Int32(signal.number)) }
        if control.writer.pending < 4096 { control.writer.append(.noticed) }
    }

    /// The scheduler has begun to end the job: what is left is what it always leaves.
    mutating func announceEnd() {
        ready.terminated = UInt64(max(0, currentSeconds()))
        guard let grace = surroundings.grace, end == nil else { return }
        publish(shutdown: currentSeconds() + Int64(grace))
        remark("the job was told to end (TERM) and has \(grace) s left")
    }

    /// A line for the job's standard error, if somebody is there to take it; never one that would have to wait
    /// behind much else.
    mutating func remark(_ text: String) {
        console.say(text)
        guard port.isConnected, dialogue == .running, port.writer.pending < 8192 else { return }
        port.writer.append(.remark, Remark(text).body)
        if !port.flush() { loseLauncher() }
    }

    /// The room that a payload has for its temporary files, which the machine alone knows.
    func publishScratch(_ launch: LaunchOrder) {
        let named = launch.variable("TMPDIR").flatMap { BytePath($0)?.text }
        guard let space = named.flatMap({ try? Files.freeSpace($0) }) ?? (try? Files.freeSpace("/tmp")),
            let feature = Assignment.Feature("scratch_limit_bytes", "\(space)")
        else { return }
        try? surroundings.features?.publish(feature)
    }

    private mutating func publish(shutdown moment: Int64?) {
        guard let features = surroundings.features else { return }
        do throws(UnixError) {
            if let moment, let feature = Assignment.Feature("shutdowntime_job", "\(moment)") {
                try features.publish(feature)
            } else {
                try features.withdraw("shutdowntime_job")
            }
        } catch { console.say("shutdowntime_job: \(error)") }
    }
}

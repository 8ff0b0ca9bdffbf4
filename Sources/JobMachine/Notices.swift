internal import Audit
package import Batch
internal import GuestProtocol
internal import JSON
package import Job
package import Site
package import Unix

/// Tells payloads that run when their jobs have to be over.
///
/// The record holds what the site wants and what the payload was told: what could not be told now is told by
/// the next `tick`.
package struct Notices {
    /// Seconds for an agent to confirm: more than a slow guest needs, and little of a tick.
    private static let patience = 5

    let places: Places
    let clock: () -> Timestamp

    package init(places: Places, clock: @escaping () -> Timestamp) {
        self.places = places
        self.clock = clock
    }

    /// Tells the payload that the site wants the job to be over by a moment, or with nil that it does not any
    /// more.
    ///
    /// `author` is the operator who wants it, whose order is written down before. Returns the moment the payload
    /// knows now, which is never nearer than its grace; nil for none.
    @discardableResult
    package func tell(
        _ live: inout LiveJob, end: Timestamp?, reason: String, by author: String? = nil
    ) throws(MachineFault) -> Timestamp? {
        guard live.record.lifetime != nil, [.running, .paused].contains(live.record.phase) else {
            throw .fault(.node, "job \(live.key) has no machine that runs")
        }
        let line = String(reason.prefix(Lifetime.longestReason))
        if let author {
            try Journal(AuditLog(path: places.auditLog)).write(
                .action, live.record,
                [
                    .init("action", .string("job notify")), .init("operator", .string(author)),
                    .init("end", end.map { .string($0.description) } ?? .null),
                    .init("reason", .string(line)),
                ], at: clock())
        }
        try live.note { $0.lifetime?.notice = end.map { Lifetime.Notice(end: $0, reason: line) } }
        try bring(&live, reason: line)
        return live.record.lifetime?.told
    }

    /// What became of one job's news.
    package struct Outcome: Sendable {
        package let job: String
        /// The moment its payload knows now; nil for none.
        package let told: Timestamp?
        /// Why it could not be told.
        package let failure: String?
    }

    /// Follows what the scheduler says of the jobs on this node and of the node itself, and tells what could not
    /// be told before.
    package func follow(
        _ states: [JobID: JobState], node drain: DrainState = .unknown, before deadline: Deadline
    ) throws(MachineFault) -> [Outcome] {
        var outcomes: [Outcome] = []
        for key in try LiveJob.keys(places) {
            guard !deadline.isOver else { break }
            guard let record = try LiveJob.peek(key, places: places), let state = states[key.job],
                let end = news(record, state, drain)
            else { continue }
            if let outcome = follow(key, end, drain) { outcomes.append(outcome) }
        }
        return outcomes
    }

    /// The scheduler's end of a job that has to be told something.
    private func news(_ record: Record, _ state: JobState, _ drain: DrainState) -> Timestamp?? {
        guard record.phase == .running, state.stage == .running,
            (state.attempt ?? record.attempt) == record.attempt
        else { return nil }
        let now = clock()
        let end = end(record, state.limit)
        let lifetime = record.lifetime?.following(drain, at: now)
        return lifetime?.change(schedulerEnd: end, at: now) == nil ? nil : .some(end)
    }

    /// Seconds by which an end may differ that the scheduler tells as the job's length.
    private static let prologueTime: Int64 = 60

    /// The end that follows from what the scheduler says; a length counts from a moment soon after the prologue that
    /// nobody tells, so that an end which is only a little later is the same end.
    private func end(_ record: Record, _ limit: JobState.Limit) -> Timestamp? {
        switch limit {
        case .never: return nil
        case .at(let end): return end
        case .after(let seconds):
            guard let began = record.times[Phase.received.rawValue] else { return nil }
            let known = record.end.map { Timestamp(seconds: $0) }
            let end = began + seconds
            return known.map { abs(end - $0) < Self.prologueTime ? $0 : end } ?? end
        }
    }

    /// Nil when somebody else is at work on the job.
    private func follow(_ key: JobKey, _ end: Timestamp?, _ drain: DrainState) -> Outcome? {
        do throws(MachineFault) {
            guard var live = try LiveJob.openUnlessBusy(key, places: places), live.record.phase == .running
            else { return nil }
            let before = live.record
            let after = before.lifetime?.following(drain, at: clock())
            var reason = before.lifetime?.notice?.reason ?? "as announced"
            if before.lifetime?.drain != after?.drain {
                reason = after?.drain == nil ? "its node is in service again" : "its node drains"
            }
            if before.end != end?.seconds { reason = "its time limit has changed" }
            if before.end != end?.seconds || before.lifetime != after {
                try live.note {
                    $0.end = end?.seconds
                    $0.lifetime = after
                }
            }
            try bring(&live, reason: reason)
            return Outcome(job: key.description, told: live.record.lifetime?.told, failure: nil)
        } catch {
            return Outcome(job: key.description, told: nil, failure: "\(error)")
        }
    }

    /// Brings the payload up to date; one that is paused hears of it when it goes on.
    private func bring(_ live: inout LiveJob, reason: String) throws(MachineFault) {
        let now = clock()
        let record = live.record
        guard record.phase == .running, let lifetime = record.lifetime,
            let change = lifetime.change(
                schedulerEnd: record.end.map { Timestamp(seconds: $0) }, at: now)
        else { return }
        try Journal(AuditLog(path: places.auditLog)).write(
            .notice, record,
            [
                .init("shutdown", change.moment.map { .string($0.description) } ?? .null),
                .init("reason", .string(reason)),
            ], at: now)
        var signal: NoticeSignal?
        if case .sooner = change { signal = lifetime.signal }
        let notice = Notice(shutdown: change.moment?.seconds, signal: signal, reason: reason)
        let socket = live.directory.controlSocket
        let answer = try atNode("the payload of job \(live.key) could not be told") { () throws(UnixError) in
            try ControlPort.connect(socket).tell(notice, before: Deadline(seconds: Self.patience))
        }
        guard case .value = answer else {
            throw .fault(
                .node,
                "the agent of job \(live.key) did not confirm within \(Self.patience) s: tick tries again")
        }
        try live.note {
            $0.lifetime?.told = change.moment
            $0.times["notice"] = now
        }
    }
}

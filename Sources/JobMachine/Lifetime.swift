package import Job
package import Site

/// How long a job may go on, as its payload is told.
package struct Lifetime: Hashable, Sendable, Codable {
    /// Seconds before the scheduler's end of the job that a payload is to be over: what the way out of the
    /// machine takes.
    static let budget: Int64 = 5
    /// Seconds of the scheduler's grace that the payload's last words take to the user's files.
    static let relay = 2
    /// Bytes of a reason.
    static let longestReason = 256

    /// The site's word that the job is to end.
    package struct Notice: Hashable, Sendable, Codable {
        package var end: Timestamp
        package var reason: String

        package init(end: Timestamp, reason: String) {
            self.end = end
            self.reason = reason
        }
    }

    /// Seconds that the payload has at least from the moment it is told of a nearer end.
    package var grace: Int
    /// Seconds that it has from the scheduler's TERM on, at least `grace`; nil when the scheduler does not say.
    package var rest: Int?
    /// What the payload is sent then.
    package var signal: NoticeSignal?
    /// What the site said beside the scheduler.
    package var notice: Notice?
    /// When the job is to be over because its node drains; nil when it does not, or the site has no rule.
    package var drain: Timestamp?
    /// The moment that the payload can read; nil when no end was foreseen.
    package var told: Timestamp?

    package init(
        grace: Int, rest: Int? = nil, signal: NoticeSignal? = nil, notice: Notice? = nil,
        drain: Timestamp? = nil, told: Timestamp? = nil
    ) {
        self.grace = grace
        self.rest = rest
        self.signal = signal
        self.notice = notice
        self.drain = drain
        self.told = told
    }

    /// What a new job begins with; a job's own choice of a signal goes before its queue's, and a queue promises no
    /// more than the scheduler leaves.
    package init(_ job: Job, _ site: Site) throws(Refusal) {
        guard let queue = site.queues[job.queue] else {
            throw Refusal(.QueueNotAllowed, "'\(job.queue)' is not a queue whose jobs run in machines")
        }
        let rest = job.resources.grace.map { max(0, $0 - Self.relay) }
        self.init(
            grace: min(queue.grace, rest ?? queue.grace), rest: rest,
            signal: try Self.signal(of: job) ?? queue.noticeSignal,
            told: job.resources.end.map { Self.shutdown($0) })
    }

    private static func signal(of job: Job) throws(Refusal) -> NoticeSignal? {
        let key = "notice_signal="
        guard let word = job.words.last(where: { $0.hasPrefix(key) }) else { return nil }
        let name = word.dropFirst(key.count)
        guard let signal = NoticeSignal(rawValue: String(name)) else {
            let names = NoticeSignal.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(
                .BadNoticeSignal, "'\(name.prefix(40))' is no signal for a notice: it is one of \(names)")
        }
        return signal
    }

    /// When a payload must be over for the scheduler's end of its job.
    static func shutdown(_ end: Timestamp) -> Timestamp { end + -budget }

    /// With the site's rule for a node that drains: its span from the moment it is first seen to do so.
    package func following(_ drain: DrainState, at now: Timestamp) -> Lifetime {
        var lifetime = self
        switch drain {
        case .unknown: break
        case .inService: lifetime.drain = nil
        case .drained(let span): lifetime.drain = lifetime.drain ?? now + span
        }
        return lifetime
    }

    /// What a payload has to be told.
    package enum Change: Hashable, Sendable {
        case sooner(Timestamp)
        case later(Timestamp)
        /// No end is foreseen any more.
        case never

        package var moment: Timestamp? {
            switch self {
            case .sooner(let moment), .later(let moment): moment
            case .never: nil
            }
        }
    }

    /// The news in the scheduler's end of the job and what the site wants besides, if any; a payload is never told
    /// of an end nearer than `grace` from now.
    package func change(schedulerEnd end: Timestamp?, at now: Timestamp) -> Change? {
        let ends = [end.map { Self.shutdown($0) }, notice?.end, drain].compactMap { $0 }
        guard let target = ends.min() else { return told == nil ? nil : .never }
        let moment = max(target, now + Int64(grace))
        guard let told else { return .sooner(moment) }
        if target > told { return .later(moment) }
        return target < told && moment < told ? .sooner(moment) : nil
    }
}

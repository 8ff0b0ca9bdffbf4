package import Job
internal import Site

/// How long a job may go on, as its payload is told.
package struct Lifetime: Hashable, Sendable, Codable {
    /// Seconds before the scheduler's end of the job that a payload is to be over: what the way out of the
    /// machine takes.
    static let budget: Int64 = 5
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
    /// What the payload is sent then.
    package var signal: NoticeSignal?
    /// What the site said beside the scheduler.
    package var notice: Notice?
    /// The moment that the payload can read; nil when no end was foreseen.
    package var told: Timestamp?

    package init(
        grace: Int, signal: NoticeSignal? = nil, notice: Notice? = nil, told: Timestamp? = nil
    ) {
        self.grace = grace
        self.signal = signal
        self.notice = notice
        self.told = told
    }

    /// What a new job begins with; a job's own choice of a signal goes before its queue's.
    init(_ job: Job, _ site: Site) throws(Refusal) {
        guard let queue = site.queues[job.queue] else {
            throw Refusal(.QueueNotAllowed, "'\(job.queue)' is not a queue whose jobs run in machines")
        }
        self.init(
            grace: queue.grace, signal: try Self.signal(of: job) ?? queue.noticeSignal,
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

    /// The news in the scheduler's end of the job and the site's notice, if any; a payload is never told of an
    /// end nearer than `grace` from now.
    package func change(schedulerEnd end: Timestamp?, at now: Timestamp) -> Change? {
        let ends = [end.map { Self.shutdown($0) }, notice?.end].compactMap { $0 }
        guard let target = ends.min() else { return told == nil ? nil : .never }
        let moment = max(target, now + Int64(grace))
        guard let told else { return .sooner(moment) }
        if target > told { return .later(moment) }
        return target < told && moment < told ? .sooner(moment) : nil
    }
}

internal import Audit
internal import ImageTrust
internal import JSON
package import Job
internal import ListStore
internal import Policy
package import Site
package import Unix

/// Finds machines that run and would not be admitted any more, and does with them what the site wants.
package struct Revocations {
    let ending: Ending
    private var places: Places { ending.places }
    private var site: Site { ending.site }

    package init(_ ending: Ending) { self.ending = ending }

    /// What was found out about one job.
    package struct Outcome: Sendable {
        package let job: String
        /// Why it would not be admitted; nil when it would be again.
        package let refusal: Refusal?
        /// What was done about it beside telling.
        package let action: RevokedRule?
        /// What could not be done about it.
        package let failure: String?
    }

    /// Looks at every machine once; tells what has changed since the last look.
    ///
    /// A list whose state cannot be read says nothing, so nothing follows from it.
    package func run(before deadline: Deadline) throws(MachineFault) -> [Outcome] {
        let now = ending.clock()
        var outcomes: [Outcome] = []
        var known: [String: Result<Standing?, ListStoreError>] = [:]
        for key in try LiveJob.keys(places) {
            guard !deadline.isOver else { break }
            guard let record = try LiveJob.peek(key, places: places), record.phase.isServing,
                let image = record.image, let running = RunningImage(image)
            else { continue }
            let result = known[image.list] ?? standing(of: image.list, at: now)
            known[image.list] = result
            guard case .success(let standing?) = result else { continue }
            let revocation = running.revocation(
                site: site, list: standing.list, signer: standing.signer, at: now)
            let step = step(revocation, record)
            guard step.isNews || step.action != nil else { continue }
            if let outcome = act(key, revocation, at: now) { outcomes.append(outcome) }
        }
        return outcomes
    }

    private struct Standing {
        let list: StoredList
        let signer: Refusal?
    }

    /// One look at the authorities for each list, however many machines run from it.
    private func standing(of name: String, at now: Timestamp) -> Result<Standing?, ListStoreError> {
        Result { () throws(ListStoreError) in
            guard let list = try ListStore(places).load(name) else { return nil }
            do throws(Refusal) {
                try list.checkSigner(anchors: site.trustAnchors, at: now)
                return Standing(list: list, signer: nil)
            } catch {
                return Standing(list: list, signer: error)
            }
        }
    }

    private func step(_ revocation: Revocation?, _ record: Record) -> RevocationStep {
        RevocationStep(
            revocation, rule: site.revoked, told: record.revoked, done: record.revokedAction)
    }

    /// Nil when somebody else is at work on the job.
    private func act(_ key: JobKey, _ revocation: Revocation?, at now: Timestamp) -> Outcome? {
        let refusal = revocation?.refusal
        do throws(MachineFault) {
            guard var live = try LiveJob.openUnlessBusy(key, places: places), live.record.phase.isServing
            else { return nil }
            let step = step(revocation, live.record)
            if step.isNews {
                try tell(live.record, refusal, step.action ?? .report, at: now)
                try live.note {
                    $0.revoked = refusal
                    if refusal == nil { $0.revokedAction = nil }
                }
                if refusal == nil { try withdraw(&live) }
            }
            var done: RevokedRule?
            if let action = step.action, let refusal {
                done = try perform(action, consume live, refusal) ? action : nil
            }
            return Outcome(job: key.description, refusal: refusal, action: done, failure: nil)
        } catch {
            return Outcome(job: key.description, refusal: refusal, action: nil, failure: "\(error)")
        }
    }

    /// How our notice begins.
    private static let words = "its image may not run here any more"

    /// Takes back our own notice; a machine that stands still is the operator's to resume.
    private func withdraw(_ live: inout LiveJob) throws(MachineFault) {
        guard live.record.lifetime?.notice?.reason.hasPrefix(Self.words) ?? false else { return }
        try Notices(places: places, clock: ending.clock).tell(
            &live, end: nil, reason: "its image may run here again")
    }

    /// False when the moment is not right; the next look tries again.
    private func perform(_ action: RevokedRule, _ live: consuming LiveJob, _ refusal: Refusal)
        throws(MachineFault) -> Bool
    {
        // A machine that still boots has no payload yet.
        let isUp = live.record.phase == .running || live.record.phase == .paused
        switch action {
        case .report: return false
        case .notice:
            guard isUp else { return false }
            try Notices(places: places, clock: ending.clock).tell(
                &live, end: ending.clock(), reason: "\(Self.words): \(refusal.name.rawValue)")
        case .quarantine:
            guard isUp else { return false }
            try Pause(ending).quarantine(
                &live, Pause.Order(reason: "revoked: \(refusal)", author: "bivouac tick"))
        case .destroy:
            try ending.run(live, because: .revoked)
            return true
        }
        try live.note { $0.revokedAction = action }
        return true
    }

    private func tell(_ record: Record, _ refusal: Refusal?, _ action: RevokedRule, at now: Timestamp)
        throws(MachineFault)
    {
        let what: [JSON.Member] =
            refusal.map {
                [
                    .init("refusal", .string($0.name.rawValue)), .init("message", .string($0.message)),
                    .init("action", .string(action.rawValue)),
                ]
            } ?? [.init("action", .string("withdrawn"))]
        try Journal(AuditLog(path: places.auditLog)).write(.revocation, record, what, at: now)
    }
}

extension Phase {
    /// Whether the machine serves its job: it is on its way, or runs, and nobody has begun to end it.
    var isServing: Bool {
        switch self {
        case .starting, .booting, .running, .paused: true
        case .received, .refused, .admitted, .prepared, .ending, .captured, .gone: false
        }
    }
}

extension RunningImage {
    init?(_ image: Record.Image) {
        guard let name = ImageName(image.name) else { return nil }
        self.init(
            name: name, sha512: image.sha512, identifier: image.identifier, endorser: image.endorser,
            vo: image.vo)
    }
}

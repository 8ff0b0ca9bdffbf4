internal import Audit
internal import ImageTrust
internal import JSON
package import Job
internal import ListStore
internal import Policy
internal import Site
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
        /// Whether its machine was ended for it.
        package let isDestroyed: Bool
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
            let ends = site.revoked == .destroy && revocation?.isCertain ?? false
            guard revocation?.refusal.name != record.revoked?.name || ends else { continue }
            if let outcome = act(key, revocation, ends: ends, at: now) { outcomes.append(outcome) }
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

    /// Nil when somebody else is at work on the job.
    private func act(_ key: JobKey, _ revocation: Revocation?, ends: Bool, at now: Timestamp) -> Outcome? {
        let refusal = revocation?.refusal
        do throws(MachineFault) {
            guard var live = try LiveJob.openUnlessBusy(key, places: places), live.record.phase.isServing
            else { return nil }
            if live.record.revoked?.name != refusal?.name {
                try tell(live.record, refusal, ends: ends, at: now)
                try live.note { $0.revoked = refusal }
            }
            if ends { try ending.run(live, because: .revoked) }
            return Outcome(job: key.description, refusal: refusal, isDestroyed: ends, failure: nil)
        } catch {
            return Outcome(job: key.description, refusal: refusal, isDestroyed: false, failure: "\(error)")
        }
    }

    private func tell(_ record: Record, _ refusal: Refusal?, ends: Bool, at now: Timestamp)
        throws(MachineFault)
    {
        let what: [JSON.Member] =
            refusal.map {
                [
                    .init("refusal", .string($0.name.rawValue)), .init("message", .string($0.message)),
                    .init(
                        "action", .string(ends ? RevokedRule.destroy.rawValue : RevokedRule.report.rawValue)),
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

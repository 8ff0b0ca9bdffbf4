internal import Audit
internal import Digest
internal import Download
package import ImageTrust
package import Job
internal import ListStore
internal import Policy
package import Site
package import Unix

/// Fetches image lists anew, and puts in force what is accepted.
///
/// Whatever happens to a new list, the one in force stays there until its own end or the site's maximum age, and
/// no job waits for a server.
package struct ListRefresher {
    let site: Site
    let places: Places
    let clock: () -> Timestamp
    /// A number from 0 to the given one.
    let random: (Int64) -> Int64

    var store: ListStore { ListStore(places) }

    /// `clock` is read once for each list.
    package init(
        site: Site, places: Places, clock: @escaping () -> Timestamp,
        random: @escaping (Int64) -> Int64 = { Int64.random(in: 0...max(0, $0)) }
    ) {
        self.site = site
        self.places = places
        self.clock = clock
        self.random = random
    }

    /// Refreshes one list, whether it is due or not; what became of it is in the audit log, with the `author` who
    /// wanted it and what was consented to.
    package func refresh(
        _ rule: ListRule, consents: Set<Subscription.Consent> = [], by author: String? = nil,
        before deadline: Deadline
    ) -> Refreshed {
        let order = ListRecord.Order(author: author, consents: consents)
        let old = FetchState.load(places.listFetch(rule.name))
        let before = try? store.load(rule.name)
        let now = clock()
        var result: Refreshed
        do throws(RefreshFailure) {
            let waited = try held { () throws(ListStoreError) in
                try store.lock(rule.name, before: deadline)
            }
            guard let lock = consume waited else {
                throw .unreachable("another process has been refreshing the list '\(rule.name)' until now")
            }
            if author != nil { try record(ListRecord.ordered(order, rule), at: now) }
            result = try refresh(rule, old, order, seconds: max(1, deadline.seconds), at: now)
            _ = consume lock
        } catch {
            result = Refreshed(rule.name, .unreachable)
            result.failure = "\(error)"
            if case .refused(let refusal, _) = error {
                result.outcome = .refused
                result.refusal = refusal.name
            }
            note(error, rule, before, old, at: now)
        }
        describe(&result, (try? store.load(rule.name)) ?? before)
        result.warnings = site.endorsers(of: rule).faults.map(\.description) + result.warnings
        return result
    }

    /// Refreshes lists that are due, those first that have waited longest, as many as there is time for.
    package func refreshDue(before deadline: Deadline) -> [Refreshed] {
        let now = clock()
        let due = site.lists.values.compactMap { rule -> (rule: ListRule, since: Timestamp)? in
            guard let state = FetchState.load(places.listFetch(rule.name)), state.uri == rule.uri else {
                return (rule, Timestamp(seconds: 0))
            }
            // A clock that was set back must not stop refreshes for long.
            let isDue = state.next <= now || state.attempted > now
            return isDue ? (rule, state.next) : nil
        }
        var results: [Refreshed] = []
        for (rule, _) in due.sorted(by: { ($0.since, $0.rule.name) < ($1.since, $1.rule.name) }) {
            guard deadline.seconds >= Self.leastSeconds else { break }
            results.append(refresh(rule, before: deadline.orSooner(seconds: Self.sliceSeconds)))
        }
        return results
    }

    /// What one list may take of a tick, and what must be left for another to be begun.
    private static let sliceSeconds = 8
    private static let leastSeconds = 3

    private func held<Result: ~Copyable>(_ body: () throws(ListStoreError) -> Result) throws(RefreshFailure)
        -> Result
    {
        do throws(ListStoreError) {
            return try body()
        } catch {
            throw RefreshFailure(error)
        }
    }

    private func refresh(
        _ rule: ListRule, _ old: FetchState?, _ order: ListRecord.Order, seconds: Int,
        at now: Timestamp
    ) throws(RefreshFailure) -> Refreshed {
        let previous = try held { () throws(ListStoreError) in try store.load(rule.name) }
        let kept = kept(of: previous, rule, old)
        let known = Download.Validators(
            entityTag: kept == nil ? nil : old?.entityTag, lastModified: kept == nil ? nil : old?.lastModified
        )
        let bytes: [UInt8]
        let validators: Download.Validators
        switch try ListSource(rule, site.fetch).read(knowing: known, seconds: seconds) {
        case .bytes(let new, let names): (bytes, validators) = (new, names)
        // Judged again all the same: the clock and the site's rules have moved on.
        case .same: (bytes, validators) = (kept ?? [], known)
        }
        let sha256 = Sha256.hex(bytes)
        let list: StoredList
        do throws(ListStoreError) {
            list = try store.judge(bytes, for: rule, site: site, consents: order.consents, at: now)
        } catch {
            throw RefreshFailure(error, sha256: sha256)
        }
        let isNew = previous?.sha256 != list.sha256
        if isNew || old?.outcome != .accepted {
            try record(ListRecord.accepted(list, rule, order, isNew: isNew), at: now)
            for part in ListRecord.changes(list, after: previous) { try record(part, at: now) }
        }
        try held { () throws(ListStoreError) in try store.save(list, signed: bytes) }
        remember(
            FetchState(
                uri: rule.uri, outcome: .accepted, entityTag: validators.entityTag,
                lastModified: validators.lastModified, sha256: sha256, attempted: now,
                next: now + site.fetch.refresh + random(site.fetch.refresh / 8)), rule)
        var result = Refreshed(rule.name, isNew ? .accepted : .unchanged)
        result.warnings = list.warnings.map { "\($0)" }
        return result
    }

    /// The signed file of the list in force, if what the server called it was noted for that very file.
    private func kept(of previous: StoredList?, _ rule: ListRule, _ old: FetchState?) -> [UInt8]? {
        guard let previous, let old, old.uri == rule.uri, old.sha256 == previous.sha256,
            let bytes = try? Files.read(
                store.signedFile(rule.name, sha256: previous.sha256), limit: SignedMessage.usualLimit),
            Sha256.hex(bytes) == previous.sha256
        else { return nil }
        return bytes
    }

    /// Lists that stay away or are refused are tried again soon, but never in a hurry.
    private func note(
        _ failure: RefreshFailure, _ rule: ListRule, _ inForce: StoredList?, _ old: FetchState?,
        at now: Timestamp
    ) {
        var state =
            old ?? FetchState(uri: rule.uri, outcome: .accepted, attempted: now, next: now)
        let before = (state.outcome, state.failure, state.refused)
        state.failure = "\(failure)"
        switch failure {
        case .refused(_, let sha256): (state.outcome, state.refused) = (.refused, sha256)
        case .unreachable: (state.outcome, state.refused) = (.unreachable, nil)
        }
        state.attempted = now
        state.next = now + min(site.fetch.refresh, 600) + random(60)
        if state.uri != rule.uri {
            (state.entityTag, state.lastModified, state.sha256, state.uri) = (nil, nil, nil, rule.uri)
        }
        SystemLog.write(.warning, "list \(rule.name) was not refreshed: \(failure)")
        // Once for each thing that goes wrong, not at every attempt.
        let isTold =
            state.outcome == .unreachable
            ? before.0 == .unreachable
            : before.0 == .refused && before.2 == state.refused && before.1 == state.failure
        if !isTold {
            do throws(RefreshFailure) {
                try record(ListRecord.failed(failure, rule, inForce), at: now)
            } catch {
                SystemLog.write(.error, "list \(rule.name): \(error)")
                return
            }
        }
        remember(state, rule)
    }

    private func record(_ event: AuditEvent, at now: Timestamp) throws(RefreshFailure) {
        do throws(AuditError) {
            try AuditLog(path: places.auditLog).append(event, at: now, before: Deadline(seconds: 10))
        } catch {
            throw .unreachable("no audit line, no list in force: \(error)")
        }
    }

    /// A note that is lost only costs a transfer.
    private func remember(_ state: FetchState, _ rule: ListRule) {
        do throws(UnixError) {
            try Files.makeDirectories(places.listState(rule.name), mode: 0o755)
            try state.save(places.listFetch(rule.name))
        } catch {
            SystemLog.write(.warning, "list \(rule.name): could not note how its fetch went: \(error)")
        }
    }

    private func describe(_ result: inout Refreshed, _ list: StoredList?) {
        result.version = list?.version.description
        result.expires = list?.expires
        result.images = list?.images.count
    }
}

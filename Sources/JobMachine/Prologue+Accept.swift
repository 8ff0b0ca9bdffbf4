import Audit
import Evidence
import JSON
import Job
import Site
import Unix

extension Prologue {
    /// Takes the job's directory; nil when this very start of the job is already served.
    func accept(_ job: Job, before deadline: Deadline) throws(MachineFault) -> LiveJob? {
        do {
            try places.check(job.key)
        } catch {
            throw .fault(.site, "\(error)")
        }
        var superseded: Int?
        while true {
            if let earlier = try LiveJob.open(job.key, places: places, before: deadline) {
                let record = earlier.record
                if record.attempt == job.attempt && [.running, .paused, .refused].contains(record.phase) {
                    return nil
                }
                superseded = record.attempt
                try ending.run(earlier, because: .superseded)
            }
            var record = Record(job: job, attempt: try attempt(of: job, after: superseded), now: clock())
            record.silence = site.silenceTimeout
            if let live = try LiveJob.create(record, key: job.key, places: places, before: deadline) {
                return live
            }
        }
    }

    /// Which start of the job this is; where the batch system does not count them, what is here tells.
    private func attempt(of job: Job, after superseded: Int?) throws(MachineFault) -> Int {
        if let attempt = job.attempt { return attempt }
        let started = try atNode("could not count the starts of job \(job.key)") { () throws(EvidenceError) in
            try EvidenceStore(directory: places.evidence).nextAttempt(of: job.key)
        }
        return max(started, superseded.map { $0 + 1 } ?? 0)
    }

    var journal: Journal { Journal(AuditLog(path: places.auditLog)) }

    var ending: Ending { Ending(site: site, places: places, clock: clock) }

    /// Ends what was made and tells who is to blame: a refusal stays in the record for the launcher.
    func abandon(_ live: consuming LiveJob, of job: Job, for fault: MachineFault) throws(MachineFault)
        -> Refusal
    {
        let key = live.key
        let refusal: Refusal? = if case .refused(let refusal) = fault { refusal } else { nil }
        if live.record.phase.mayHaveMachine || live.record.phase == .prepared {
            do {
                _ = try ending.end(&live, because: .refused(refusal))
            } catch {
                // The first fault is the cause; the record says that there is a machine to be ended.
                throw .fault(.node, "job \(key): \(fault); then: \(error)")
            }
        }
        guard let refusal else { throw fault }
        // Once the record says it, nobody comes again for the rest.
        try journal.write(
            .refusal, live.record,
            (live.record.image == nil ? requested(job) : []) + [
                .init("refusal", .string(refusal.name.rawValue)), .init("message", .string(refusal.message)),
            ], at: clock())
        try live.openToLauncher()
        try live.advance(.refuse, at: clock()) { $0.refusal = refusal }
        return refusal
    }
}

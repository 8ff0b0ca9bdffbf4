package import Batch
package import Job
internal import Libvirt
internal import Site
package import Unix

/// Ends what no epilogue has ended: after a reboot, a killed hook or a lost message.
///
/// It touches only what carries our name and what the scheduler positively says is over; a scheduler or a
/// libvirt that does not answer means that nothing is touched.
package struct Reaper {
    let ending: Ending
    private var places: Places { ending.places }

    package init(_ ending: Ending) { self.ending = ending }

    /// What became of one stray.
    package struct Outcome: Sendable {
        package let name: String
        /// Nil when it is gone.
        package let failure: String?
    }

    /// Ends every stray, as many as there is time for; `learn` gets what the scheduler says of all jobs here.
    ///
    /// A job whose record does not say where it came from is one of the site's usual batch system.
    package func run(before deadline: Deadline, learn: ([JobID: JobState]) -> Void = { _ in })
        throws(MachineFault) -> [Outcome]
    {
        var outcomes: [Outcome] = []
        let found = try candidates { outcomes.append(Outcome(name: $0, failure: "\($1)")) }
        for origin in Set(found.map(\.origin)) {
            let mine = found.filter { $0.origin == origin }
            let states: [JobID: JobState]
            do {
                states = try Scheduler.commands(of: origin ?? ending.site.origin)
                    .states(of: Array(Set(mine.map(\.name.key.job))), at: ending.clock())
            } catch {
                outcomes.append(
                    Outcome(
                        name: (origin ?? ending.site.origin).scheduler,
                        failure: "no stray was touched, since the scheduler did not answer: \(error)"))
                continue
            }
            learn(states)
            for candidate in mine where isOver(candidate, states[candidate.name.key.job]) {
                guard !deadline.isOver else { return outcomes }
                if let outcome = reap(candidate) { outcomes.append(outcome) }
            }
        }
        return outcomes
    }

    /// Something of ours that may be a stray.
    private struct Candidate {
        let name: MachineName
        let origin: JobOrigin?
        let kind: Kind

        enum Kind {
            /// The job's live directory speaks of this very machine.
            case live
            /// A machine's files or domain that no live directory speaks of.
            case machine
            /// A live directory that speaks of no machine.
            case directory
        }
    }

    private func isOver(_ candidate: Candidate, _ state: JobState?) -> Bool {
        guard let state else { return true }
        if state.stage == .away { return true }
        guard candidate.kind != .directory, let attempt = state.attempt else { return false }
        return attempt > candidate.name.attempt
    }

    /// Live records, and machines' directories and domains that no live record speaks of; one whose record cannot be
    /// read is left out, and told with its fault.
    private func candidates(_ tell: (String, MachineFault) -> Void) throws(MachineFault) -> [Candidate] {
        var found: [Candidate] = []
        var live: Set<MachineName> = []
        var unknown: Set<JobKey> = []
        func attempt(_ key: JobKey, _ name: String, _ look: () throws(MachineFault) -> Void) {
            do throws(MachineFault) {
                try look()
            } catch {
                unknown.insert(key)
                tell(name, error)
            }
        }
        for key in try LiveJob.keys(places) {
            attempt(key, "\(key)") { () throws(MachineFault) in
                if let record = try LiveJob.peek(key, places: places), let name = record.machineName {
                    live.insert(name)
                    found.append(Candidate(name: name, origin: record.origin, kind: .live))
                } else if key.cluster == ending.site.cluster {
                    let name = MachineName(key: key, attempt: 0)
                    found.append(Candidate(name: name, origin: nil, kind: .directory))
                }
            }
        }
        var names = try atNode("could not list machines") { () throws(UnixError) in
            try Files.names(in: places.machines).compactMap { MachineName($0) }
        }
        names += try atNode("could not list domains", ourDomains)
        for name in Set(names) where !live.contains(name) && name.key.cluster == ending.site.cluster {
            guard !unknown.contains(name.key) else { continue }
            attempt(name.key, "\(name)") { () throws(MachineFault) in
                let copy = try LiveJob.read(places.machine(name).record)
                found.append(Candidate(name: name, origin: copy?.origin, kind: .machine))
            }
        }
        return found
    }

    /// Domains that carry our name and the identity that follows from it.
    private func ourDomains() throws(LibvirtError) -> [MachineName] {
        let connection = try Connection.open(ending.site)
        var names: [MachineName] = []
        for domain in try connection.domains(prefix: MachineName.domainPrefix) {
            guard let name = MachineName(domain: domain),
                try connection.lookup(uuid: MachineIdentity.uuid(of: name)) != nil
            else { continue }
            names.append(name)
        }
        return names
    }

    /// Nil when somebody else is at work on the job, or its guest still has time to end by itself.
    private func reap(_ candidate: Candidate) -> Outcome? {
        let name = candidate.name
        do throws(MachineFault) {
            switch candidate.kind {
            case .live:
                guard let live = try LiveJob.openUnlessBusy(name.key, places: places) else { return nil }
                guard live.record.attempt == name.attempt else { return nil }
                guard try ending.run(live, because: .reaped, waits: false) else { return nil }
            case .machine:
                // A prologue may have begun since the node was looked at.
                guard try LiveJob.peek(name.key, places: places)?.attempt != name.attempt else { return nil }
                try ending.runWithoutRecord(name, because: .reaped)
            case .directory:
                guard try LiveJob.removeUnrecorded(name.key, places: places) else { return nil }
            }
            return Outcome(name: name.description, failure: nil)
        } catch {
            return Outcome(name: name.description, failure: "\(error)")
        }
    }
}

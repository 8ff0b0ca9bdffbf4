internal import Audit
internal import JSON
internal import Job
internal import Libvirt
internal import Site
internal import Unix

/// An operator's hand on a running machine: its CPUs are stopped and run again; the job's time goes on.
///
/// `paused` is in the record before libvirt is asked, and until after it was asked for the contrary: `tick`
/// brings a machine of which somebody died half-way to stand still.
package struct Pause {
    let ending: Ending
    var places: Places { ending.places }

    /// Works with the site and the places of the ending.
    package init(_ ending: Ending) { self.ending = ending }

    /// Stops the machine's CPUs; one that stands still already is left so.
    package func suspend(_ live: inout LiveJob, by author: String) throws(MachineFault) {
        guard [.running, .paused].contains(live.record.phase) else {
            throw .fault(.node, "job \(live.key) does not run: it is \(live.record.phase.rawValue)")
        }
        // No audit line, no freeze.
        try tell("suspend", live.record, by: author)
        try enter(&live)
        try freeze(live.record)
    }

    /// What became of the guest's clock.
    package enum GuestClock: Hashable, Sendable {
        case right
        /// It lags by the time that the machine stood still.
        case wrong(String)
    }

    /// Lets a machine's CPUs run again, plugs its network in, ends the hold of its quarantine, and puts the
    /// guest's clock right.
    package func resume(_ live: inout LiveJob, by author: String) throws(MachineFault) -> GuestClock {
        guard live.record.phase == .paused else {
            throw .fault(.node, "job \(live.key) is not paused: it is \(live.record.phase.rawValue)")
        }
        // No audit line, no thaw.
        try tell("resume", live.record, by: author)
        let isQuarantined = live.record.quarantine != nil
        try onDomain(live.record, "resume") { (domain) throws(LibvirtError) in
            if isQuarantined { try domain.setLinks(up: true) }
            try domain.resume()
        }
        let clock = setClock(live)
        if isQuarantined { try release(live.record) }
        try live.advance(.resume, at: ending.clock()) { $0.quarantine = nil }
        if isQuarantined { try copyRecord(live) }
        return clock
    }

    /// Brings every machine to what its record says, whatever became of the others: lines for what was done, and
    /// for what could not be.
    package func settle() throws(MachineFault) -> (done: [String], failed: [String]) {
        var (done, failed): ([String], [String]) = ([], [])
        for key in try LiveJob.keys(places) {
            do throws(MachineFault) {
                if let line = try settle(key) { done.append(line) }
            } catch {
                failed.append("\(error)")
            }
        }
        return (done, failed)
    }

    private func settle(_ key: JobKey) throws(MachineFault) -> String? {
        guard let record = try LiveJob.peek(key, places: places) else { return nil }
        switch record.phase {
        case .paused:
            guard let live = try LiveJob.openUnlessBusy(key, places: places), live.record.phase == .paused
            else { return nil }
            if live.record.quarantine != nil { try hold(live.record) }
            // One that has ended stands as still as it can.
            guard try state(of: live.record) != nil, try freeze(live.record) else { return nil }
            return "job \(key) was paused by its record alone: its machine stands still now"
        case .running:
            guard let state = try state(of: record), state.isStoppedByDisk || record.stalled != nil,
                var live = try LiveJob.openUnlessBusy(key, places: places), live.record.phase == .running
            else { return nil }
            return try goOn(&live)
        default: return nil
        }
    }

    /// Writes down that the machine is to stand still.
    func enter(_ live: inout LiveJob, _ change: (inout Record) -> Void = { _ in }) throws(MachineFault) {
        if live.record.phase == .paused {
            try live.note(change)
        } else {
            try live.advance(.pause, at: ending.clock(), change)
        }
    }

    /// Stops the CPUs, and pulls the network's plugs where the machine is under quarantine; true when they
    /// ran.
    @discardableResult
    func freeze(_ record: Record) throws(MachineFault) -> Bool {
        var ran = false
        try onDomain(record, "stop") { (domain) throws(LibvirtError) in
            ran = try domain.state().kind == .running
            try domain.suspend()
            if record.quarantine != nil { try domain.setLinks(up: false) }
        }
        return ran
    }

    /// What the job's machine does; nil when it has ended.
    func state(of record: Record) throws(MachineFault) -> DomainState? {
        try atNode("could not look at machine \(record.domain)") { () throws(LibvirtError) in
            try Connection.open(ending.site).lookup(uuid: record.uuid)?.state()
        }
    }

    /// Does something to the job's machine; `limit` is in milliseconds, libvirt's usual one when nil.
    func onDomain(
        _ record: Record, _ verb: String, limit: Int? = nil,
        _ body: (borrowing Domain) throws(LibvirtError) -> Void
    ) throws(MachineFault) {
        try atNode("could not \(verb) machine \(record.domain)") { () throws(LibvirtError) in
            let connection = try Connection.open(
                ending.site.libvirt, limit: limit ?? ending.site.libvirtTimeout * 1000)
            guard let domain = try connection.lookup(uuid: record.uuid) else {
                throw LibvirtError(
                    code: .noDomain, message: "the machine has ended", call: "virDomainLookupByUUIDString")
            }
            try body(domain)
        }
    }

    func setClock(_ live: borrowing LiveJob) -> GuestClock {
        let seconds = 10
        do throws(UnixError) {
            let port = try ControlPort.connect(live.directory.controlSocket)
            switch try port.setClock(before: Deadline(seconds: seconds)) {
            case .value: return .right
            case .closed: return .wrong("the machine has ended")
            case .malformed(let what): return .wrong("its agent's answer is malformed: \(what)")
            case .silent: return .wrong("its agent did not answer within \(seconds) s")
            }
        } catch { return .wrong("\(error)") }
    }

    /// Writes what an operator did into the audit log.
    func tell(_ action: String, _ record: Record, by author: String, _ more: [JSON.Member] = [])
        throws(MachineFault)
    {
        try Journal(AuditLog(path: places.auditLog)).write(
            .action, record,
            [.init("action", .string(action)), .init("operator", .string(author))] + more,
            at: ending.clock())
    }

    /// After a reboot the copy beside the machine's files speaks for it.
    func copyRecord(_ live: borrowing LiveJob) throws(MachineFault) {
        guard let name = live.record.machineName else { return }
        try live.copyRecord(to: places.machine(name).record)
    }
}

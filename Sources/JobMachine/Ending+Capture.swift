import Audit
import Evidence
import GuestProtocol
import Job
import JSON
import Libvirt
import Site
import Unix

extension Ending {
    /// Keeps what the site wants kept of a machine that has ended; done again, it ends in the same state.
    func capture(_ record: Record) throws(MachineFault) {
        guard let name = record.machineName, let path = record.evidence, var state = record.ending
        else { return }
        state.phases = record.times
        let directory = places.machine(name)
        let policy = record.endState ?? site.evidence.endState
        let keepsOverlay =
            record.quarantine != nil || policy == .always || (policy == .onFailure && state.isFailure)
        // Whoever quarantined it may have died before.
        if record.quarantine != nil { try Pause(self).hold(record) }
        let (standing, digest) = try atNode("could not keep the end state of machine \(name)") {
            () throws(EvidenceError) in
            try EvidenceStore(directory: places.evidence).recordEnd(
                state, at: path, console: directory.console, overlay: keepsOverlay ? directory.overlay : nil)
        }
        try report(record, path, standing, digest)
    }

    /// Tells the end state that stands, so that a line that is written again after a death says the same.
    ///
    /// An ending goes on without its audit line, which `tick` then writes later, after a reboot too; where not
    /// even that can be kept, it waits.
    private func report(_ record: Record, _ path: String, _ state: EndState, _ digest: String)
        throws(MachineFault)
    {
        var facts: [JSON.Member] = [
            .init("cause", .string(state.cause)), .init("by", state.by.map { .string($0) } ?? .null),
            .init("exit", state.exit.map { .string($0) } ?? .null),
            .init("cpuSeconds", state.usage.map { .integer($0.cpuSeconds) } ?? .null),
            .init("evidence", .string(path)), .init("endState", .string(digest)),
        ]
        for case (let name, let moment?) in [("payload", state.payload), ("terminated", state.terminated)] {
            facts.append(.init(name, AuditEvent.untrusted("\(moment)")))
        }
        if let pressed = state.phases?["power"] {
            facts.append(.init("powerButton", .string("\(pressed)")))
        }
        do {
            try Journal(AuditLog(path: places.auditLog)).write(.end, record, facts, at: state.ended)
        } catch {
            SystemLog.write(
                .error, "end of job \(record.key) (\(state.cause)) is not in the audit log: \(error)")
            try atNode("could not keep the end of machine \(record.domain) for the audit log") {
                () throws(UnixError) in
                try LateEvents(directory: places.unlogged).keep(
                    Journal.event(.end, record, facts), as: path.replacing("/", with: "_"), at: state.ended)
            }
        }
    }

    /// Ends a machine whose live record is lost, as after a reboot: the copy beside its files speaks for it.
    func runWithoutRecord(_ name: MachineName, because cause: EndCause) throws(MachineFault) {
        let usage = try stop(name)
        if var record = try LiveJob.read(places.machine(name).record) {
            let now = clock()
            record.beginEnd(cause, at: now)
            record.stopped(usage, at: now)
            try capture(record)
        }
        try removeFiles(of: name)
    }
}

extension Domain {
    /// What the host has counted of the machine so far; nil where libvirt does not know.
    func usage(limit milliseconds: Int) throws(LibvirtError) -> EndState.Usage? {
        let statistics = try statistics(limit: milliseconds)
        // No machine runs for nothing: libvirt had none to ask.
        guard statistics.cpuTime > 0 else { return nil }
        return EndState.Usage(
            cpuSeconds: Int64(statistics.cpuTime / 1_000_000_000),
            memory: ByteCount(Int64(clamping: statistics.residentMemory)),
            readBytes: statistics.blocks.reduce(0) { $0 &+ $1.readBytes },
            writtenBytes: statistics.blocks.reduce(0) { $0 &+ $1.writeBytes },
            receivedBytes: statistics.interfaces.reduce(0) { $0 &+ $1.receivedBytes },
            sentBytes: statistics.interfaces.reduce(0) { $0 &+ $1.sentBytes })
    }
}

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
    ///
    /// `word` is what its agent said last.
    func capture(
        _ record: Record, _ usage: EndState.Usage?, _ cause: EndCause, _ word: Ready? = nil
    ) throws(MachineFault) {
        guard let name = record.machineName, let path = record.evidence else { return }
        let directory = places.machine(name)
        let state = EndState(
            ended: clock(), cause: cause.name, by: cause.by, phases: record.times,
            exit: cause.exit.map { "\($0.code):\($0.signal)" },
            refusal: cause.refusal ?? record.refusal ?? record.revoked,
            payload: word.flatMap { Self.moment($0.begun) },
            terminated: word.flatMap { Self.moment($0.terminated) }, usage: usage)
        let policy = record.endState ?? site.evidence.endState
        let keepsOverlay =
            record.quarantine != nil || policy == .always || (policy == .onFailure && cause.isFailure)
        // Whoever quarantined it may have died before.
        if record.quarantine != nil { try Pause(self).hold(record) }
        let digest = try atNode("could not keep the end state of machine \(name)") {
            () throws(EvidenceError) in
            try EvidenceStore(directory: places.evidence).recordEnd(
                state, at: path, console: directory.console, overlay: keepsOverlay ? directory.overlay : nil)
        }
        try report(record, state, cause, digest)
    }

    /// An ending goes on without its audit line, which `tick` then writes later, after a reboot too; where not
    /// even that can be kept, it waits.
    private func report(_ record: Record, _ state: EndState, _ cause: EndCause, _ digest: String)
        throws(MachineFault)
    {
        var facts: [JSON.Member] = [
            .init("cause", .string(state.cause)), .init("by", .string(cause.by)),
            .init("exit", state.exit.map { .string($0) } ?? .null),
            .init("cpuSeconds", .integer(state.usage?.cpuSeconds ?? 0)),
            .init("evidence", record.evidence.map { .string($0) } ?? .null),
            .init("endState", .string(digest)),
        ]
        for case (let name, let moment?) in [("payload", state.payload), ("terminated", state.terminated)] {
            facts.append(.init(name, AuditEvent.untrusted("\(moment)")))
        }
        if let pressed = record.times["power"] {
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
                    Journal.event(.end, record, facts), as: record.domain, at: state.ended)
            }
        }
    }

    /// Ends a machine whose live record is lost, as after a reboot: the copy beside its files speaks for it.
    func runWithoutRecord(_ name: MachineName) throws(MachineFault) {
        let usage = try stop(name)
        if let record = try LiveJob.read(places.machine(name).record) {
            try capture(record, usage, .reaped)
        }
        try removeFiles(of: name)
    }
}

extension EndState.Usage {
    init(_ statistics: DomainStatistics) {
        self.init(
            cpuSeconds: Int64(statistics.cpuTime / 1_000_000_000),
            memory: ByteCount(Int64(clamping: statistics.residentMemory)),
            readBytes: statistics.blocks.reduce(0) { $0 &+ $1.readBytes },
            writtenBytes: statistics.blocks.reduce(0) { $0 &+ $1.writeBytes },
            receivedBytes: statistics.interfaces.reduce(0) { $0 &+ $1.receivedBytes },
            sentBytes: statistics.interfaces.reduce(0) { $0 &+ $1.sentBytes })
    }
}

internal import Audit
internal import Evidence
internal import JSON
package import Job
internal import Libvirt
package import Site
internal import Unix

/// The end of a job's machine: from any phase to evidence and nothing else.
///
/// It can be begun again after any death: each step looks at what is there.
package struct Ending {
    let site: Site
    let places: Places
    let clock: () -> Timestamp
    /// Milliseconds for QEMU's word on what it used.
    static let statisticsLimit = 5000

    package init(site: Site, places: Places, clock: @escaping () -> Timestamp) {
        self.site = site
        self.places = places
        self.clock = clock
    }

    /// Ends the machine and removes all that the job has on this node but its evidence.
    ///
    /// A failure leaves the record where it was, so that the next epilogue or `tick` goes on from there. That the
    /// record or the audit log takes no more is no reason not to end a machine.
    ///
    /// False where its guest has time left to end by itself and nobody `waits`: whoever comes next goes on from there.
    @discardableResult
    package func run(_ live: consuming LiveJob, because cause: EndCause, waits: Bool = true)
        throws(MachineFault) -> Bool
    {
        guard try end(&live, because: cause, waits: waits) else { return false }
        try live.advanceEnding(.forget, at: clock())
        try live.remove()
        return true
    }

    /// Ends the machine and all of it as an operator orders, which is written down before.
    package func destroy(_ live: consuming LiveJob, by author: String) throws(MachineFault) {
        try Journal(AuditLog(path: places.auditLog)).write(
            .action, live.record,
            [.init("action", .string("job destroy")), .init("operator", .string(author))], at: clock())
        try run(live, because: .destroyed(by: author))
    }

    /// Ends the machine; the record stays, `captured`, for what the caller has to add.
    ///
    /// False where its guest has time left and nobody `waits`.
    func end(_ live: inout LiveJob, because cause: EndCause, waits: Bool = true) throws(MachineFault)
        -> Bool
    {
        let hadMachine = live.record.phase.mayHaveMachine
        let word = lastWord(live)
        let now = clock()
        try live.advanceEnding(.end, at: now) { $0.beginEnd(cause, at: now, word) }
        guard let name = live.record.machineName else {
            throw .fault(.node, "\(live.directory.record) is damaged: its key is no key")
        }
        if hadMachine, !powerOff(&live, waits: waits) { return false }
        do throws(MachineFault) {
            if hadMachine {
                let usage = try stop(name)
                let now = clock()
                note(&live) { $0.stopped(usage, at: now) }
            }
            // A machine whose job was refused is ended before its epilogue comes.
            if live.record.times[Phase.captured.rawValue] == nil { try capture(live.record) }
        } catch {
            // After a reboot nothing else knows how the job ended.
            try? live.copyRecord(to: places.machine(name).record)
            throw error
        }
        try live.advanceEnding(.capture, at: clock())
        try removeFiles(of: name)
        return true
    }

    /// Ends what serves the machine's files, and removes them.
    func removeFiles(of name: MachineName) throws(MachineFault) {
        let directory = places.machine(name)
        try ShareServer.endAll(of: directory)
        try UserDisk.removeUnfinished(places)
        try atNode("could not remove the machine's files") { () throws(UnixError) in
            try Files.removeTree(directory.path)
        }
    }

    /// Notes facts of an ending, which goes on where they cannot be written.
    func note(_ live: inout LiveJob, _ change: (inout Record) -> Void) { try? live.note(change) }

    /// Ends the domain, whether it runs or is only defined, and looks again; its usage when it ran.
    func stop(_ name: MachineName) throws(MachineFault) -> EndState.Usage? {
        let usage = try atNode("could not end machine \(name)") {
            () throws(LibvirtError) -> EndState.Usage? in
            let connection = try Connection.open(site)
            guard let domain = try connection.lookup(uuid: MachineIdentity.uuid(of: name)) else { return nil }
            let usage: EndState.Usage?
            do throws(LibvirtError) {
                usage = try domain.usage(limit: Self.statisticsLimit)
            } catch {
                usage = nil
                // A QEMU that does not answer has cost us the connection, and is ended on another one.
                if error.code == .timedOut {
                    try end(name, on: try Connection.open(site))
                    return nil
                }
            }
            try end(name, on: connection)
            return usage
        }
        ControlGroups.removeEmpty(of: name.domain)
        return usage
    }

    private func end(_ name: MachineName, on connection: borrowing Connection) throws(LibvirtError) {
        guard let domain = try connection.lookup(uuid: MachineIdentity.uuid(of: name)) else { return }
        try domain.destroy()
        // A prologue that died between define and undefine leaves a definition.
        try domain.undefine()
        guard try connection.lookup(uuid: MachineIdentity.uuid(of: name)) == nil else {
            throw LibvirtError(
                code: .operationFailed, message: "the domain is still there", call: "virDomainDestroy")
        }
    }
}

package import Job
package import Site
internal import Unix

/// What happens after a job's last process: its machine is ended, its evidence kept, the node left clean.
package struct Epilogue {
    let ending: Ending

    package init(site: Site, places: Places, clock: @escaping () -> Timestamp) {
        ending = Ending(site: site, places: places, clock: clock)
    }

    /// Ends the job's machine; a job without a directory is done already.
    ///
    /// `attempt` is which start of the job the batch system speaks of: an epilogue of an earlier one, which
    /// comes late, leaves the machine of the present one alone.
    package func run(_ key: JobKey, attempt: Int?, exit: JobExit?) throws(MachineFault) {
        // The prologue may be at work still: slurmd waits for it, but a killed slurmd does not.
        let deadline = Deadline(seconds: ending.site.prologueTimeout)
        guard let live = try LiveJob.open(key, places: ending.places, before: deadline) else {
            try endUnrecorded(key, attempt, exit)
            // Under the job's lock: a prologue of its next start may have begun meanwhile.
            _ = try LiveJob.removeUnrecorded(key, places: ending.places)
            return
        }
        if let attempt, attempt < live.record.attempt { return }
        try ending.run(live, because: .epilogue(exit))
    }

    /// Ends what the job's record, had it not been lost, would have spoken of; before there is a machine there
    /// is its directory.
    private func endUnrecorded(_ key: JobKey, _ attempt: Int?, _ exit: JobExit?) throws(MachineFault) {
        let names = try atNode("could not list machines") { () throws(UnixError) in
            try Files.names(in: ending.places.machines).compactMap { MachineName($0) }
        }
        for name in names where name.key == key && name.attempt <= attempt ?? .max {
            // How an earlier start ended is not known.
            try ending.runWithoutRecord(name, because: name.attempt == attempt ? .epilogue(exit) : .reaped)
        }
    }
}

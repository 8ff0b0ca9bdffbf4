package import Batch
package import Job
package import Site
internal import Unix

/// What happens after a job's last process: its machine is ended, its evidence kept, the node left clean.
package struct Epilogue {
    let ending: Ending
    let commands: SlurmCommand

    package init(site: Site, places: Places, commands: SlurmCommand, clock: @escaping () -> Timestamp) {
        ending = Ending(site: site, places: places, clock: clock)
        self.commands = commands
    }

    /// Ends the job's machine; a job without a record is done already.
    ///
    /// `attempt` is which start of the job the batch system speaks of: an epilogue of an earlier one, which
    /// comes late, leaves the machine of the present one alone.
    package func run(_ key: JobKey, attempt: Int?, exit: JobExit?) throws(MachineFault) {
        // The prologue may be at work still: slurmd waits for it, but a killed slurmd does not.
        let deadline = Deadline(seconds: ending.site.prologueTimeout)
        guard let live = try LiveJob.open(key, places: ending.places, before: deadline) else {
            try removeEmpty(key)
            return
        }
        if let attempt, attempt < live.record.attempt { return }
        let record = live.record
        let usage = try ending.run(live, because: .epilogue(exit))
        // Accounting is a help, not a promise: a controller that is busy does not take the node out of service.
        guard let usage, let image = record.image else { return }
        do {
            try commands.setAdminComment(Self.comment(image, usage), of: key.job)
        } catch {
            SystemLog.write(.warning, "job \(key): usage is not in the accounting comment: \(error)")
        }
    }

    /// What the job's accounting record says of its machine.
    static func comment(_ image: Record.Image, _ usage: Usage) -> String {
        "bivouac image=\(image.name) sha512=\(image.sha512.prefix(16)) version=\(image.version) "
            + "cpu=\(usage.cpuSeconds)s memory=\(usage.memory.mebibytes)MiB "
            + "read=\(usage.readBytes) written=\(usage.writtenBytes) "
            + "received=\(usage.receivedBytes) sent=\(usage.sentBytes)"
    }

    /// A directory without a record is what a prologue left that died at its first step.
    private func removeEmpty(_ key: JobKey) throws(MachineFault) {
        let path = ending.places.job(key).path
        try atNode("could not remove \(path)") { () throws(UnixError) in try Files.removeTree(path) }
    }
}

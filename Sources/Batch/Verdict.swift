package import Job

/// What a hook tells its batch system; the one place that knows what drains a node and what fails a job.
package enum Verdict {
    /// A hook whose exit status its batch system reads.
    package enum Hook: Sendable, CaseIterable {
        case slurmProlog, slurmEpilog, torquePrologue, torqueEpilogue, openPBSPrologue, openPBSEpilogue
        case gridEngineProlog, gridEngineEpilog, htCondorPrepare, htCondorExit
    }

    /// Exit status of a hook; nil is success.
    ///
    /// Slurm drains the node on any status but 0 and has no status that fails just the job: a job's fault
    /// leaves the prologue with 0 and is told by the launcher. Torque deletes the job on 1 and requeues it on any
    /// other; it does not look at how an epilogue ends.
    ///
    /// OpenPBS's hook deletes the job on 78, puts it back into its queue on 75 and takes the node out of service on
    /// any other status but 0; a wrong site.toml is no reason for the last, since other queues' jobs run here too.
    /// Grid Engine puts the job into error state on 100 and the queue instance on others. HTCondor's hooks hold the
    /// job on 78 and let it wait on others.
    package static func status(_ blame: Blame?, of hook: Hook) -> Int32 {
        switch (hook, blame) {
        case (_, nil), (.slurmProlog, .job), (.slurmEpilog, .job), (.torqueEpilogue, _): ExitStatus.success
        case (.slurmProlog, .node), (.slurmEpilog, .node): ExitStatus.unavailable
        case (.slurmProlog, .site), (.slurmEpilog, .site): ExitStatus.configuration
        case (.torquePrologue, .job): 1
        case (.torquePrologue, .node), (.torquePrologue, .site): 2
        case (.openPBSPrologue, .job), (.htCondorPrepare, .job), (.htCondorExit, .job):
            ExitStatus.configuration
        case (.openPBSPrologue, .site): ExitStatus.tryAgain
        case (.gridEngineProlog, .job): 100
        case (.openPBSEpilogue, .job), (.gridEngineEpilog, .job): ExitStatus.success
        case (.openPBSPrologue, .node), (.openPBSEpilogue, _), (.gridEngineProlog, _), (.gridEngineEpilog, _),
            (.htCondorPrepare, _), (.htCondorExit, _):
            ExitStatus.unavailable
        }
    }
}

/// The exit statuses of our programs; see sysexits.h.
package enum ExitStatus {
    package static let success: Int32 = 0
    /// The command line is wrong.
    package static let usage: Int32 = 64
    /// A list, an image or a record was refused.
    package static let dataRefused: Int32 = 65
    /// The machine, libvirt or the node cannot do it now.
    package static let unavailable: Int32 = 69
    /// Trying again later may help.
    package static let tryAgain: Int32 = 75
    /// Only root or the owner may do that.
    package static let notPermitted: Int32 = 77
    /// The configuration is wrong.
    package static let configuration: Int32 = 78
}

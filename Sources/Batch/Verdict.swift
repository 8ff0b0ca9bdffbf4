package import Job

/// What a hook tells its batch system; the one place that knows what drains a node and what fails a job.
package enum Verdict {
    /// A hook whose exit status its batch system reads.
    package enum Hook: Sendable, CaseIterable {
        case slurmProlog, slurmEpilog
        case torquePrologue, torqueEpilogue
        case openPBSPrologue, openPBSEpilogue
        case gridEngineProlog, gridEngineEpilog
        case htCondorPrepare, htCondorExit
    }

    /// Exit status of a hook; nil is success.
    ///
    /// Slurm drains the node on any status but 0 and has no status that fails just the job: a job's fault
    /// leaves the prologue with 0 and is told by the launcher. Torque deletes the job on 1 and requeues it on any
    /// other; it does not look at how an epilogue ends. OpenPBS's hook deletes the job on 78, puts it back into its
    /// queue on 75 and takes the node out of service on any other; a wrong site.toml is no reason for the last, since
    /// other queues' jobs run here too. Grid Engine puts the job into error state on 100 and the queue instance on
    /// any other. HTCondor's hooks hold the job on 78 and let it wait on any other.
    package static func status(_ blame: Blame?, of hook: Hook) -> Int32 {
        let (job, node, site): (Int32, Int32, Int32) =
            switch hook {
            case .slurmProlog, .slurmEpilog:
                (ExitStatus.success, ExitStatus.unavailable, ExitStatus.configuration)
            case .torquePrologue: (1, 2, 2)
            case .torqueEpilogue: (ExitStatus.success, ExitStatus.success, ExitStatus.success)
            case .openPBSPrologue: (ExitStatus.configuration, ExitStatus.unavailable, ExitStatus.tryAgain)
            case .openPBSEpilogue: (ExitStatus.success, ExitStatus.unavailable, ExitStatus.unavailable)
            case .gridEngineProlog: (100, ExitStatus.unavailable, ExitStatus.unavailable)
            case .gridEngineEpilog: (ExitStatus.success, ExitStatus.unavailable, ExitStatus.unavailable)
            case .htCondorPrepare, .htCondorExit:
                (ExitStatus.configuration, ExitStatus.unavailable, ExitStatus.unavailable)
            }
        return switch blame {
        case nil: ExitStatus.success
        case .job: job
        case .node: node
        case .site: site
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

package import Job

/// What the exit statuses of one of its hooks mean to a batch system, by who has to mend what went wrong.
///
/// Each batch system's file says what it does on them: drains a node, requeues a job, or fails it.
package struct Verdict: Sendable {
    let job: Int32
    let node: Int32
    let site: Int32

    /// Exit status of the hook; nil is success.
    package func status(_ blame: Blame?) -> Int32 {
        switch blame {
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

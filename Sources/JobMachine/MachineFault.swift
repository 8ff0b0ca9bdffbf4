package import Job

/// Why a machine was not made or not ended.
package enum MachineFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The job's own fault: it fails, with this as its one line.
    case refused(Refusal)
    /// The node's or the site's fault, with a line for the operator.
    case fault(Blame, String)

    package var blame: Blame {
        switch self {
        case .refused: .job
        case .fault(let blame, _): blame
        }
    }

    package var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .fault(_, let text): text
        }
    }
}

/// Runs a step; whatever it throws is the node's fault, told as `what: why`.
func atNode<Result: ~Copyable, Failure: Error>(
    _ what: String, _ step: () throws(Failure) -> Result
) throws(MachineFault) -> Result {
    do throws(Failure) {
        return try step()
    } catch {
        throw MachineFault.fault(.node, "\(what): \(error)")
    }
}

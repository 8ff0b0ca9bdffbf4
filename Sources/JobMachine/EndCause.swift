package import Job

/// Why a machine was ended.
package enum EndCause: Hashable, Sendable {
    /// The batch system's epilogue came; nil when it does not know how the job ended.
    case epilogue(JobExit?)
    /// The prologue gave up; nil when that was no fault of the job.
    case refused(Refusal?)
    /// A later start of the same job found it.
    case superseded
    /// `tick` found it without a job.
    case reaped
    /// The order of an operator, as records name operators.
    case destroyed(by: String)
    /// Its image, endorser or list was revoked or denied while it ran.
    case revoked

    /// The word in records.
    package var name: String {
        switch self {
        case .epilogue: "epilogue"
        case .refused: "refused"
        case .superseded: "superseded"
        case .reaped: "reaped"
        case .destroyed: "destroyed"
        case .revoked: "revoked"
        }
    }

    /// Who wanted it, for records.
    var by: String {
        switch self {
        case .epilogue: "batch system"
        case .destroyed(let by): by
        case .refused, .superseded, .reaped, .revoked: "bivouac"
        }
    }

    /// What the job was told, where it was refused.
    var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    /// How the job ended, as far as that is known.
    package var exit: JobExit? {
        if case .epilogue(let exit) = self { exit } else { nil }
    }
}

import Audit
import Batch
import Command
import Evidence
import ImageStore
import Job
import JobMachine
import Unix

Process.end(Verbs.run(Array(CommandLine.arguments.dropFirst()), of: Verbs.all, blamed: status))

/// The exit status of what a hook would answer for otherwise.
func status(_ error: any Error) -> Int32? {
    if let error = error as? BatchError {
        return error.blame == .site ? ExitStatus.configuration : ExitStatus.unavailable
    }
    if let error = error as? ImageStoreError {
        return switch error {
        case .busy, .inUse: ExitStatus.tryAgain
        default: error.blame == .job ? ExitStatus.dataRefused : ExitStatus.unavailable
        }
    }
    if let error = error as? EvidenceError {
        return switch error {
        case .locked: ExitStatus.tryAgain
        case .missing, .invalidName: ExitStatus.dataRefused
        case .unreadable, .file: ExitStatus.unavailable
        }
    }
    if case .locked? = error as? AuditError { return ExitStatus.tryAgain }
    return switch (error as? MachineFault)?.blame {
    case .job: ExitStatus.dataRefused
    case .node: ExitStatus.unavailable
    case .site: ExitStatus.configuration
    case nil: nil
    }
}

package import Unix

/// Why the audit log could not be written or is not what was written.
package enum AuditError: Error, Equatable, CustomStringConvertible {
    /// The fields of one event take more room than a line may have.
    case tooLong(event: String, limit: Int)
    /// The end of the log holds no line to go on from.
    case noLastLine(path: String)
    /// Another writer did not let go of the log in time.
    case locked(path: String)
    /// A line, counted from 1, that is not what was written there.
    case broken(path: String, line: Int, why: String)
    /// The line that was anchored outside is not in the log.
    case headMissing(path: String, head: String)
    case file(UnixError)

    package var description: String {
        switch self {
        case .tooLong(let event, let limit):
            "could not log the event '\(event)': its line would have more than \(limit) bytes"
        case .noLastLine(let path):
            "could not write the audit log: \(path): no intact line at its end (move it away and keep it)"
        case .locked(let path): "could not write the audit log: \(path): another process holds its lock"
        case .broken(let path, let line, let why):
            "the audit log is not as written: \(path) line \(line): \(why)"
        case .headMissing(let path, let head):
            "the audit log is not as written: \(path): no line has the hash \(head): its end was removed or replaced"
        case .file(let error): "could not use the audit log: \(error)"
        }
    }
}

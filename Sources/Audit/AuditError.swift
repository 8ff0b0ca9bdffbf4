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
    /// The line that was anchored outside is not among those from `first` to `last`, and earlier ones are not
    /// here.
    case headNotHere(path: String, head: String, first: Int64, last: Int64)
    /// The log does not begin with the line that it was to begin with; `first` is 0 where none is here.
    case beginsLate(path: String, first: Int64, wanted: Int64)
    case file(UnixError)

    /// Whether the log is not what was written, rather than that this could not be found out.
    package var isTampering: Bool {
        switch self {
        case .broken, .headMissing, .beginsLate: true
        case .tooLong, .noLastLine, .locked, .headNotHere, .file: false
        }
    }

    package var description: String {
        switch self {
        case .tooLong(let event, let limit):
            "could not log the event '\(event)': its line would have more than \(limit) bytes"
        case .noLastLine(let path):
            "could not write the audit log: \(path): no intact line at its end (move it away and keep it)"
        case .locked(let path): "could not lock the audit log: \(path): another process holds the lock"
        case .broken(let path, let line, let why):
            "the audit log is not as written: \(path) line \(line): \(why)"
        case .headMissing(let path, let head):
            "the audit log is not as written: \(path): no line has the hash \(head): its end was removed or replaced"
        case .headNotHere(let path, let head, let first, let last):
            "could not find the hash \(head) in the audit log: \(path): lines \(first) to \(last) are here and as "
                + "written, without it: put the older files back that may hold it"
        case .beginsLate(let path, let first, let wanted):
            "the audit log is not whole: \(path): "
                + (first == 0 ? "no line is here" : "it begins with line \(first), not with line \(wanted)")
        case .file(let error): "could not use the audit log: \(error)"
        }
    }
}

/// Why nothing was measured.
enum BenchError: Error, CustomStringConvertible {
    /// The command line is wrong.
    case usage(String)
    /// A step failed: what, and why.
    case failed(String)
    /// A signal asked for the end.
    case interrupted
    /// Somebody else but root.
    case notRoot

    /// The exit status; see sysexits.h.
    var status: Int32 {
        switch self {
        case .usage: 64
        case .failed, .interrupted: 69
        case .notRoot: 77
        }
    }

    var description: String {
        switch self {
        case .usage(let what): "\(what): see bivouac-bench --help"
        case .failed(let what): what
        case .notRoot: "must be run as root"
        case .interrupted: "interrupted: everything that was made is removed"
        }
    }

    /// Runs a step; whatever it throws is told as `what: why`.
    static func during<Result: ~Copyable, Failure: Error>(
        _ what: String, _ step: () throws(Failure) -> Result
    ) throws(BenchError) -> Result {
        do throws(Failure) {
            return try step()
        } catch {
            throw .failed("\(what): \(error)")
        }
    }
}

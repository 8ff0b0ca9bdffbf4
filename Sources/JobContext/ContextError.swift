package import Unix

/// Why what a guest is to be told could not be made.
package enum ContextError: Error, Equatable, CustomStringConvertible {
    /// A volume label that ISO 9660 and Joliet cannot both hold.
    case invalidLabel(String)
    /// A name that is no plain file name, or stands twice in one volume.
    case invalidName(String)
    /// A variable that cannot stand in context.sh.
    case invalidVariable(String, why: String)
    /// More than a volume may hold.
    case tooLarge(String, limit: Int)
    /// libarchive refused; the call and its own words.
    case archive(call: String, volume: String, message: String)
    /// The finished image does not look like ISO 9660.
    case malformedImage(volume: String)
    /// An agent that others than its owner could have written.
    case untrustedAgent(String)
    /// A file could not be read or written.
    case file(UnixError)

    package var description: String {
        switch self {
        case .invalidLabel(let label):
            "could not label a volume '\(label)': it must be 1 to 16 letters, digits, '_' or '-'"
        case .invalidName(let name):
            "could not put '\(name)' in a volume: a name is 1 to 64 letters, digits, '.', '_' or '-', once"
        case .invalidVariable(let name, let why): "could not tell the guest the variable '\(name)': \(why)"
        case .tooLarge(let what, let limit): "could not make a volume: \(what): more than \(limit)"
        case .archive(let call, let volume, let message):
            "could not write the volume \(volume): \(call): \(message)"
        case .malformedImage(let volume):
            "could not fix the dates of the volume \(volume): not ISO 9660 as expected"
        case .untrustedAgent(let path):
            "could not make the agent's volume: \(path): not a file that its owner alone may write (chmod go-w)"
        case .file(let error): "could not make a volume: \(error)"
        }
    }
}

extension ContextError {
    /// Runs what reads or writes a file, naming the path in its error.
    static func reading<Result: ~Copyable>(
        _ path: String, _ body: () throws(UnixError) -> Result
    ) throws(ContextError) -> Result {
        do throws(UnixError) {
            return try body()
        } catch {
            throw .file(error.subject.isEmpty ? UnixError(error.call, error.code, path) : error)
        }
    }
}

package import Unix

/// Why evidence could not be kept or found; always the node's to mend.
package enum EvidenceError: Error, Equatable, CustomStringConvertible {
    /// No evidence under that name.
    case missing(String)
    /// A record that is not what was written there.
    case unreadable(path: String, why: String)
    /// A name that is no plain file name.
    case invalidName(String)
    /// Another process did not let go of the evidence directory in time.
    case locked(String)
    case file(UnixError)

    package var description: String {
        switch self {
        case .missing(let name): "no evidence of '\(name)' is on this node"
        case .unreadable(let path, let why): "could not read the evidence \(path): \(why)"
        case .invalidName(let name): "could not keep '\(name)' as evidence: not a plain file name"
        case .locked(let path): "could not lock the evidence in \(path): another process holds it"
        case .file(let error): "could not keep evidence: \(error)"
        }
    }
}

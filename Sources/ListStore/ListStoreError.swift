package import Job
package import Unix

/// Why a list was not read or not put in force.
package enum ListStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The new list is not accepted; the old one stays in force.
    case refused(Refusal)
    /// The stored state cannot be read, and is no ground for a boot.
    case damaged(String)
    case file(UnixError)

    package var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .damaged(let path):
            "\(path) is damaged: remove it and refresh the list; versions seen before are then forgotten"
        case .file(let error): "could not use the state of a list: \(error)"
        }
    }
}

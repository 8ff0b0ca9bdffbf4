package import Job
package import Unix

/// Why a list was not read or not refreshed.
package enum ListStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The new list is not accepted; the old one stays in force.
    case refused(Refusal)
    /// The list's place did not give it; the old one stays in force until its own end.
    case unreachable(String, String)
    /// This version does not fetch by such a URI.
    case unsupported(String)
    /// The stored state cannot be read, and is no ground for a boot.
    case damaged(String)
    case file(UnixError)

    package var description: String {
        switch self {
        case .refused(let refusal): refusal.description
        case .unreachable(let uri, let why): "could not fetch the list \(uri): \(why)"
        case .unsupported(let uri):
            "could not fetch the list \(uri): only file: URIs are fetched; put a copy on this node and name it so"
        case .damaged(let path):
            "\(path) is damaged: remove it and refresh the list; versions seen before are then forgotten"
        case .file(let error): "could not use the state of a list: \(error)"
        }
    }
}

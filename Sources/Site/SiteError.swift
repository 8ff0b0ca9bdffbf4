/// Why there is no site configuration to work with.
package enum SiteError: Error, Hashable, Sendable {
    /// `site.toml` is missing, unsafe or says something that it may not.
    case configuration(SiteFault)
    /// The directory named by `BIVOUAC_ROOT` cannot hold our state.
    case root(String, reason: String)
    /// A socket's path is longer than `sockaddr_un` takes (unix(7)).
    case socketPathTooLong(String, limit: Int)
}

extension SiteError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configuration(let fault):
            "\(fault)"
        case .root(let root, let reason):
            "the root directory '\(root)' cannot be used: \(reason)"
        case .socketPathTooLong(let path, let limit):
            "the socket path '\(path)' cannot be used: it is longer than \(limit) bytes, "
                + "so the root directory or the cluster's name must be shorter"
        }
    }
}

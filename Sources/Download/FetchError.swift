/// Why something was not fetched.
package enum FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The address, or one that the server redirects to, is none that is followed.
    case forbidden(uri: String, why: String)
    /// The body is longer than may be.
    case tooLarge(uri: String, limit: Int64)
    /// The server answers, but not with what was asked for.
    case status(uri: String, code: Int)
    /// The server does not send the part of the body that was asked for.
    case wrongPart(uri: String, why: String)
    /// The server's certificate is not good.
    case untrusted(uri: String, why: String)
    /// Nothing, or not all of it, came in time.
    case unreachable(uri: String, why: String)
    /// The receiver took no more.
    case stopped(uri: String)

    package var description: String {
        switch self {
        case .forbidden(let uri, let why): "could not fetch \(uri): \(why)"
        case .tooLarge(let uri, let limit): "could not fetch \(uri): it is longer than \(limit) bytes"
        case .status(let uri, let code): "could not fetch \(uri): the server says \(code)\(Self.remedy(code))"
        case .wrongPart(let uri, let why):
            "could not fetch the rest of \(uri): the server \(why)"
        case .untrusted(let uri, let why):
            "could not fetch \(uri): the server is not trusted: \(why) (server_anchors under [fetch] in site.toml "
                + "says whose word counts)"
        case .unreachable(let uri, let why): "could not fetch \(uri): \(why)"
        case .stopped(let uri): "could not fetch \(uri): it could not be taken in"
        }
    }

    /// Whether the same request may succeed a little later.
    package var mayPass: Bool {
        switch self {
        case .unreachable, .wrongPart: true
        case .status(_, let code): code == 408 || code == 429 || (500...599).contains(code)
        case .forbidden, .tooLarge, .untrusted, .stopped: false
        }
    }

    private static func remedy(_ code: Int) -> String {
        switch code {
        case 401, 403:
            " (forbidden): nothing that needs a password is fetched; ask the publisher for a public place"
        case 404, 410: " (not there): is the address still right?"
        case 407: " (the proxy asks for a password): proxy under [fetch] in site.toml must need none"
        case 429, 500...599: " (the server's trouble): it is tried again later"
        default: ""
        }
    }
}

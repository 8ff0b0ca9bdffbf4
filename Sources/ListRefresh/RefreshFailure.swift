internal import Audit
internal import Download
internal import Job
internal import ListStore
internal import Unix

/// Why a list was not refreshed.
enum RefreshFailure: Error, CustomStringConvertible {
    /// What came is not accepted; its SHA-256, where something came.
    case refused(Refusal, sha256: String?)
    case unreachable(String)

    var description: String {
        switch self {
        case .refused(let refusal, _): refusal.description
        case .unreachable(let why): why
        }
    }

    init(_ error: ListStoreError, sha256: String? = nil) {
        if case .refused(let refusal) = error {
            self = .refused(refusal, sha256: sha256)
        } else {
            self = .unreachable("\(error)")
        }
    }

    /// What a server may not do is the list's fault; that it does not answer is nobody's.
    init(_ error: FetchError) {
        switch error {
        case .forbidden: self = .refused(Refusal(.BadURI, "\(error)"), sha256: nil)
        case .tooLarge: self = .refused(Refusal(.TooLarge, "\(error)"), sha256: nil)
        case .status, .wrongPart, .untrusted, .unreachable, .stopped:
            self = .unreachable("\(error)")
        }
    }
}

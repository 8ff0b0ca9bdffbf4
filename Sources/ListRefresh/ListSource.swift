internal import Download
internal import Fetch
internal import ImageTrust
internal import Job
internal import Site
internal import Unix

/// Where a list comes from.
struct ListSource {
    /// What came.
    enum Body {
        case bytes([UInt8], Download.Validators)
        /// The server has the version in force.
        case same
    }

    let uri: ListURI
    let rule: FetchRule

    init(_ list: ListRule, _ rule: FetchRule) throws(RefreshFailure) {
        guard let uri = ListURI(list.uri) else {
            throw .refused(
                Refusal(.BadURI, "'\(list.uri.prefix(200))' in lists.d/\(list.name).toml is no URI"),
                sha256: nil)
        }
        self.uri = uri
        self.rule = rule
    }

    /// The file's bytes, in at most that many seconds; `known` is what the server called the version in force.
    func read(knowing known: Download.Validators, seconds: Int) throws(RefreshFailure) -> Body {
        if uri.scheme == .file { return .bytes(try readFile(), Download.Validators()) }
        let download = Download(
            uri.description, limit: Int64(SignedMessage.usualLimit), validators: known,
            authorities: rule.serverAnchors.map { .directory($0) } ?? .system, proxy: rule.proxy,
            patience: Download.Patience(
                connect: min(10, seconds), total: seconds, stall: min(15, max(1, seconds - 1))))
        do throws(FetchError) {
            guard let (bytes, validators) = try download.bytes() else { return .same }
            return .bytes(bytes, validators)
        } catch {
            throw RefreshFailure(error)
        }
    }

    private func readFile() throws(RefreshFailure) -> [UInt8] {
        do throws(UnixError) {
            return try Files.read(uri.path, limit: SignedMessage.usualLimit)
        } catch {
            guard error.code != UnixError.tooLarge else {
                throw .refused(
                    Refusal(.TooLarge, "\(uri) is longer than \(SignedMessage.usualLimit) bytes"), sha256: nil
                )
            }
            throw .unreachable("could not fetch \(uri): \(error)")
        }
    }
}

internal import CCurl
internal import CLinux
package import Download

extension Download {
    /// Addresses that a server may send us on to.
    private static let redirectionLimit = 5

    /// Fetches the body into the sink, in pieces of at most a mebibyte with the place of each in the body; the
    /// sink says whether it takes more.
    ///
    /// Nothing reaches the sink before the server has said that it sends what was asked for. The first piece
    /// begins at `offset`, or at 0 when the server sends all of it again. A server may send us on a few times,
    /// never to another scheme than http and https and never from https to http.
    package func perform(into sink: (_ piece: [UInt8], _ place: Int64) -> Bool) throws(FetchError) -> Outcome
    {
        let end = Self.seconds + Double(patience.total)
        var place = uri
        try Self.check(place, after: nil)
        for _ in 0...Self.redirectionLimit {
            let transfer = try Transfer.prepare(
                self, place: place, milliseconds: Int((end - Self.seconds) * 1000))
            switch try transfer.run(into: sink) {
            case .done(let outcome): return outcome
            case .redirected(let next):
                try Self.check(next, after: place)
                place = next
            }
        }
        throw .forbidden(uri: uri, why: "it is redirected more than \(Self.redirectionLimit) times")
    }

    /// The whole body in memory; nil when the copy at hand is what the server has.
    package func bytes() throws(FetchError) -> (bytes: [UInt8], validators: Validators)? {
        var bytes: [UInt8] = []
        let outcome = try perform { piece, _ in
            bytes += piece
            return true
        }
        guard case .complete(_, let validators) = outcome else { return nil }
        return (bytes, validators)
    }

    /// The monotonic clock.
    static var seconds: Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Refuses addresses that are none of ours to follow; `origin` is the one that led here.
    private static func check(_ place: String, after origin: String?) throws(FetchError) {
        let shown = String(
            place.unicodeScalars.filter { $0.value > 0x20 && $0.value < 0x7F }.map { Character($0) }.prefix(
                200))
        func refuse(_ why: String) -> FetchError {
            guard let origin else { return .forbidden(uri: shown, why: why) }
            return .forbidden(uri: origin, why: "it is redirected to \(shown): \(why)")
        }
        guard place.utf8.count <= 2048, place.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw refuse("that is no plain address")
        }
        let scheme = place.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https" else {
            throw refuse("only http and https are fetched from a server")
        }
        if let origin, origin.lowercased().hasPrefix("https:"), scheme == "http" {
            throw refuse("https must not lead to http")
        }
        let authority = place.dropFirst(scheme.count + 3).prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw refuse("it carries a password") }
    }
}

internal import Digest
internal import Download
internal import Job
internal import Unix

/// Brings the bytes of one image into a file, from the mirror or from where the list says, in as many attempts
/// as it takes.
struct Delivery {
    let source: ImageSource
    let rules: TransferRules
    let deadline: Deadline

    /// Transfers from one place, whatever they bring.
    private static let transferLimit = 100
    /// Milliseconds between two attempts, at most.
    private static let longestPause = 30_000

    /// Returns when all bytes are there and are the right ones.
    func bring(into body: Incoming, report: (FetchEvent) -> Void) throws(ImageStoreError) {
        if let mirror = rules.mirror {
            let uri = "\(mirror)/\(source.digest)"
            do throws(ImageStoreError) {
                return try bring(from: uri, attempts: 1, into: body, report: report)
            } catch {
                guard case .refused(let refusal) = error else { throw error }
                report(.abandoned(uri: uri, why: refusal.description))
                if refusal.name != .ImageUnavailable { try startOver(body) }
            }
        }
        try bring(from: source.uri, attempts: TransferRules.attempts, into: body, report: report)
    }

    private func bring(
        from uri: String, attempts: Int, into body: Incoming, report: (FetchEvent) -> Void
    ) throws(ImageStoreError) {
        var fruitless = 0
        var hasStartedOver = false
        for _ in 0..<Self.transferLimit {
            let before = body.count
            body.turn()
            let interruption = body.isComplete ? nil : try transfer(from: uri, into: body, report: report)
            if let why = interruption {
                fruitless = body.count > before ? 0 : fruitless + 1
                let pause = pause(after: fruitless)
                guard fruitless < attempts, pause < deadline.milliseconds else {
                    throw .refused(.ImageUnavailable, why)
                }
                report(.retrying(why: why, milliseconds: pause))
                Deadline.sleep(milliseconds: pause)
                continue
            }
            let isPieced = body.isPieced
            if body.digest() == source.digest { return }
            // A body in pieces may be wrong though the place has the right one.
            guard isPieced, !hasStartedOver else {
                throw .refused(.ChecksumMismatch, "the SHA-512 of \(uri) is not the one in the list")
            }
            hasStartedOver = true
            report(.startedOver(why: "what was here already and what came do not make the image"))
            try startOver(body)
        }
        throw .refused(.ImageUnavailable, "\(uri) was interrupted \(Self.transferLimit) times")
    }

    /// Twice as long each time, less up to half of it, so that the nodes of a site do not ask all at once.
    private func pause(after fruitless: Int) -> Int {
        let longest = min(Self.longestPause, rules.backoff << fruitless)
        return Int.random(in: longest / 2...longest)
    }

    private func startOver(_ body: Incoming) throws(ImageStoreError) {
        try ImageStore.files { () throws(UnixError) in try body.startOver() }
    }

    /// One transfer; nil when all bytes have come, or why they have not, if that may pass.
    private func transfer(
        from uri: String, into body: Incoming, report: (FetchEvent) -> Void
    ) throws(ImageStoreError) -> String? {
        report(.began(uri: uri, have: body.count, of: source.size))
        let scheme = uri.prefix { $0 != ":" }.lowercased()
        let why =
            scheme == "http" || scheme == "https"
            ? try download(uri, into: body, report: report)
            : try copy(uri, into: body, report: report)
        try ImageStore.files { () throws(UnixError) in try body.settle() }
        guard why == nil, !body.isComplete else { return why }
        throw .refused(.SizeMismatch, "\(uri) has \(body.count) bytes, \(source.size) by the list")
    }

    private func download(
        _ uri: String, into body: Incoming, report: (FetchEvent) -> Void
    ) throws(ImageStoreError) -> String? {
        let seconds = max(1, deadline.seconds)
        let download = Download(
            uri, limit: source.size, from: body.count, rate: rules.bandwidth?.bytes,
            authorities: rules.serverAnchors.map { .directory($0) } ?? .system, proxy: rules.proxy,
            patience: Download.Patience(connect: min(10, seconds), total: seconds, stall: rules.stall))
        var failure: UnixError?
        do throws(FetchError) {
            _ = try rules.transport(download) { piece, place in
                do throws(UnixError) {
                    guard try body.take(piece, at: place) else { return false }
                } catch {
                    failure = error
                    return false
                }
                report(.received(have: body.count, of: source.size))
                return true
            }
            return nil
        } catch {
            if let failure { throw .file(failure) }
            guard !deadline.isOver else { throw late(body) }
            switch error {
            case .forbidden: throw .refused(.BadURI, "\(error)")
            case .tooLarge: throw tooLarge(uri)
            case .wrongPart:
                report(.startedOver(why: "\(error)"))
                try startOver(body)
                return "\(error)"
            case .status, .untrusted, .unreachable, .stopped:
                guard error.mayPass else { throw .refused(.ImageUnavailable, "\(error)") }
                return "\(error)"
            }
        }
    }

    private func copy(
        _ uri: String, into body: Incoming, report: (FetchEvent) -> Void
    ) throws(ImageStoreError) -> String? {
        guard let path = FileURI(uri)?.path else { throw .refused(.BadURI, "no file of this node: \(uri)") }
        func reading<Result: ~Copyable>(_ body: () throws(UnixError) -> Result) throws(ImageStoreError)
            -> Result
        {
            do throws(UnixError) {
                return try body()
            } catch {
                throw .refused(.ImageUnavailable, "the image cannot be read: \(path): \(error)")
            }
        }
        let input = try reading { () throws(UnixError) in
            let file = try FileDescriptor.open(path, [.read, .nonBlocking])
            guard try file.status().kind == .regular else { throw UnixError("open", UnixError.invalid) }
            return file
        }
        while true {
            let place = body.count
            let bytes = try reading { () throws(UnixError) in try input.read(upTo: 1 << 20, at: place) }
            if bytes.isEmpty { return nil }
            guard try ImageStore.files({ () throws(UnixError) in try body.take(bytes, at: place) }) else {
                throw tooLarge(uri)
            }
            report(.received(have: body.count, of: source.size))
            guard !deadline.isOver else { throw late(body) }
        }
    }

    private func tooLarge(_ uri: String) -> ImageStoreError {
        .refused(.TooLarge, "\(uri) has more than the \(source.size) bytes that the list says")
    }

    private func late(_ body: Incoming) -> ImageStoreError {
        .late(source.digest, have: body.count, of: source.size)
    }
}

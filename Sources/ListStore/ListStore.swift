internal import FoundationEssentials
package import ImageTrust
package import Job
internal import Policy
package import Site
internal import Unix

/// The last accepted version of each image list on this node: its facts, and the signed file itself.
package struct ListStore: Sendable {
    private static let stateLimit = 64 << 20

    let places: Places

    package init(_ places: Places) { self.places = places }

    private func state(_ name: String) -> String { places.listState(name) + "/state.json" }

    /// The signed file of an accepted version, by the SHA-256 of its bytes in hex.
    package func signedFile(_ name: String, sha256: String) -> String {
        places.listState(name) + "/\(sha256).list"
    }

    /// The list's facts; nil before its first refresh.
    package func load(_ name: String) throws(ListStoreError) -> StoredList? {
        let path = state(name)
        let bytes: [UInt8]
        do {
            bytes = try Files.read(path, limit: Self.stateLimit)
        } catch {
            if error.code == UnixError.noEntry { return nil }
            throw .file(error)
        }
        do {
            return try JSONDecoder().decode(StoredList.self, from: Data(bytes))
        } catch {
            throw .damaged(path)
        }
    }

    /// The facts of these lists, of those that were ever refreshed.
    package func load(_ names: [String]) throws(ListStoreError) -> [StoredList] {
        var lists: [StoredList] = []
        for name in names {
            if let list = try load(name) { lists.append(list) }
        }
        return lists
    }

    /// Fetches a list anew, verifies it and puts it in force; a list that is refused leaves the old one there.
    package func refresh(
        _ rule: ListRule, site: Site, endorsers: [Endorser], allowing policy: DigestPolicy,
        consents: Set<Subscription.Consent> = [], at now: Timestamp
    ) throws(ListStoreError) -> StoredList {
        let lock = try lock(places.listState(rule.name))
        defer { withExtendedLifetime(lock) {} }
        let bytes = try fetch(rule)
        let verified = try accepted { () throws(Refusal) in
            try VerifiedList.verify(
                bytes, anchors: TrustAnchors(directory: site.anchors), endorsers: endorsers,
                identifier: rule.identifier, maximumAge: site.maximumListAge, allowing: policy, at: now)
        }
        let previous = try load(rule.name)
        let owners = try load(site.lists.keys.sorted()).owners
        let stored = try accepted { () throws(Refusal) in
            try StoredList.accepting(
                verified, after: previous, for: Subscription(rule), owners: owners, consents: consents,
                at: now)
        }
        try save(stored, signed: bytes)
        return stored
    }

    private func lock(_ directory: String) throws(ListStoreError) -> FileLock {
        do throws(UnixError) {
            try Files.makeDirectories(directory, mode: 0o755)
            return try FileLock.acquire(directory + "/lock", before: Deadline(seconds: 60))
        } catch {
            throw .file(error)
        }
    }

    private func accepted<Result>(_ judge: () throws(Refusal) -> Result) throws(ListStoreError) -> Result {
        do throws(Refusal) {
            return try judge()
        } catch {
            throw .refused(error)
        }
    }

    private func fetch(_ rule: ListRule) throws(ListStoreError) -> [UInt8] {
        guard let uri = ListURI(rule.uri) else {
            throw .refused(
                Refusal(.BadURI, "'\(rule.uri.prefix(200))' in lists.d/\(rule.name).toml is no URI"))
        }
        guard uri.scheme == .file else { throw .unsupported(uri.description) }
        do {
            return try Files.read(uri.path, limit: SignedMessage.usualLimit)
        } catch {
            throw error.code == UnixError.tooLarge
                ? .refused(Refusal(.TooLarge, "\(uri) is longer than \(SignedMessage.usualLimit) bytes"))
                : .unreachable(uri.description, "\(error)")
        }
    }

    private func save(_ list: StoredList, signed bytes: [UInt8]) throws(ListStoreError) {
        do throws(UnixError) {
            try Files.write(bytes, to: signedFile(list.name, sha256: list.sha256), mode: 0o644)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            guard let state = try? encoder.encode(list) else {
                throw UnixError("encode", UnixError.invalid, list.name)
            }
            try Files.write([UInt8](state), to: self.state(list.name), mode: 0o644)
        } catch {
            throw .file(error)
        }
    }
}

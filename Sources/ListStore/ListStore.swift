internal import FoundationEssentials
package import ImageTrust
package import Job
internal import Policy
package import Site
package import Unix

/// The last accepted version of each image list on this node: its facts, and the signed file itself.
///
/// Readers need no lock: what is in force is replaced as a whole.
package struct ListStore: Sendable {
    private static let stateLimit = 64 << 20

    package let places: Places

    package init(_ places: Places) { self.places = places }

    private func state(_ name: String) -> String { places.listState(name) + "/state.json" }

    /// The signed file of an accepted version, by the SHA-256 of its bytes in hex.
    package func signedFile(_ name: String, sha256: String) -> String {
        places.listState(name) + "/\(sha256).list"
    }

    /// What the list says of its images, beside the facts.
    private func images(_ name: String, sha256: String) -> String {
        places.listState(name) + "/\(sha256).images"
    }

    /// The list's facts; nil before its first refresh.
    ///
    /// With an image's identifier, of all images only that one is read: the cost hardly depends on how many the
    /// list has.
    package func load(_ name: String, image: ImageIdentifier? = nil) throws(ListStoreError) -> StoredList? {
        // The file of the images may go between the two reads, when a refresh puts another list in force.
        for _ in 1...3 {
            guard var list = try decode(name) else { return nil }
            guard let lines = try read(images(name, sha256: list.sha256)) else { continue }
            do {
                try ImagesFile.read(lines, of: image, into: &list)
                return list
            } catch {
                throw .damaged(images(name, sha256: list.sha256))
            }
        }
        throw .damaged(state(name))
    }

    private func decode(_ name: String) throws(ListStoreError) -> StoredList? {
        guard let bytes = try read(state(name)) else { return nil }
        do {
            return try JSONDecoder().decode(StoredList.self, from: Data(bytes))
        } catch {
            throw .damaged(state(name))
        }
    }

    /// Nil where there is no such file.
    private func read(_ path: String) throws(ListStoreError) -> [UInt8]? {
        do throws(UnixError) {
            return try Files.read(path, limit: Self.stateLimit)
        } catch {
            if error.code == UnixError.noEntry { return nil }
            throw .file(error)
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

    /// The right to change a list, which one process has at a time; nil when another did not let go of it before
    /// the deadline.
    package func lock(_ name: String, before deadline: Deadline) throws(ListStoreError) -> FileLock? {
        let directory = places.listState(name)
        do throws(UnixError) {
            try Files.makeDirectories(directory, mode: 0o755)
            return try FileLock.acquire(directory + "/lock", before: deadline)
        } catch {
            if error.code == UnixError.timedOut { return nil }
            throw .file(error)
        }
    }

    /// What a signed file would put in force, after what is there now; nothing is changed.
    package func judge(
        _ bytes: [UInt8], for rule: ListRule, site: Site, consents: Set<Subscription.Consent> = [],
        at now: Timestamp
    ) throws(ListStoreError) -> StoredList {
        let (endorsers, _) = site.endorsers(of: rule)
        let verified = try accepted { () throws(Refusal) in
            try VerifiedList.verify(
                bytes, anchors: site.trustAnchors, endorsers: endorsers, identifier: rule.identifier,
                maximumAge: site.maximumListAge, allowing: DigestPolicy(rule), at: now)
        }
        let previous = try load(rule.name)
        let owners = try load(site.lists.keys.sorted()).owners
        return try accepted { () throws(Refusal) in
            try StoredList.accepting(
                verified, after: previous, for: Subscription(rule), owners: owners, consents: consents,
                at: now)
        }
    }

    private func accepted<Result>(_ judge: () throws(Refusal) -> Result) throws(ListStoreError) -> Result {
        do throws(Refusal) {
            return try judge()
        } catch {
            throw .refused(error)
        }
    }

    /// Puts a list in force, with the signed file that it came from.
    package func save(_ list: StoredList, signed bytes: [UInt8]) throws(ListStoreError) {
        var facts = list
        (facts.images, facts.refused, facts.highest) = ([], [], [:])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do throws(UnixError) {
            guard let state = try? encoder.encode(facts), let lines = try? ImagesFile.bytes(list) else {
                throw UnixError("encode", UnixError.invalid, list.name)
            }
            let file = signedFile(list.name, sha256: list.sha256)
            if !Files.exists(file) { try Files.write(bytes, to: file, mode: 0o644) }
            let images = images(list.name, sha256: list.sha256)
            try Files.write(lines, to: images, mode: 0o644)
            try Files.write([UInt8](state), to: self.state(list.name), mode: 0o644)
            // Of older versions the signed file stays, which says all of it.
            let directory = places.listState(list.name)
            for name in try Files.names(in: directory)
            where name.hasSuffix(".images") && "\(directory)/\(name)" != images {
                try Files.remove("\(directory)/\(name)")
            }
        } catch {
            throw .file(error)
        }
    }
}

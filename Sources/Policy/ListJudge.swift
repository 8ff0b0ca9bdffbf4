internal import Digest
internal import ImageTrust
internal import Job
internal import Site

/// Judges a stored list and an image of it by what the site says now.
struct ListJudge {
    let site: Site
    let now: Timestamp

    /// The entry of an image, unless the list lacks it or it is refused on its own.
    func image(
        _ identifier: ImageIdentifier, named name: ImageName, in list: StoredList, _ rule: ListRule
    ) throws(Refusal) -> ImageEntry {
        guard ImageIdentifier(rule.identifier) == list.identifier else {
            throw Refusal(
                .ListIdentifierMismatch,
                "the stored list '\(list.name)' is \(list.identifier), and not \(rule.identifier) any more: "
                    + "run 'bivouac list refresh \(list.name)'")
        }
        guard let image = list.image(identifier) else {
            if let refused = list.refused.first(where: { $0.identifier == identifier }) {
                throw refused.refusal
            }
            throw Refusal(
                .UnknownImage, "'\(name)' (\(identifier)) is not in version \(list.version) of the list")
        }
        if let refusal = image.refusal, !isAdmittedSince(refusal, identifier, rule) { throw refusal }
        return image.entry
    }

    /// Whether the site has let in new images, or named this one, after the list was accepted.
    private func isAdmittedSince(
        _ refusal: Refusal, _ identifier: ImageIdentifier, _ rule: ListRule
    ) -> Bool {
        refusal.name == .NewImageRefused
            && (rule.newImages == .accept
                || rule.images.values.contains { ImageIdentifier($0) == identifier })
    }

    /// Refuses what a file of `deny.d` denies.
    func checkDenials(_ image: ImageEntry, _ list: StoredList) throws(Refusal) {
        let denial = site.denials.first {
            $0.denies(
                sha512: image.sha512.description,
                identifiers: [image.identifier.description, list.identifier.description],
                endorser: list.signer.endorser, vo: list.signer.vo)
        }
        guard let denial else { return }
        throw Refusal(.ImageDenied, "image \(image.identifier): \(denial.reason) (\(denial.file))")
    }

    /// Refuses a list whose signer may not sign it any more.
    func checkSigner(_ list: StoredList, _ rule: ListRule) throws(Refusal) {
        let (authorised, faults) = site.endorsers(of: rule)
        guard authorised.contains(where: { $0.dn == list.signer.dn && $0.ca == list.signer.ca }) else {
            let reason = faults.first.map { ": \($0.message)" } ?? ""
            throw Refusal(
                .EndorserNotAuthorised,
                "'\(list.signer.dn)' signed the list '\(list.name)' and is not one of its endorsers now\(reason)"
            )
        }
        guard DigestPolicy(rule).allows(list.signer.digest) else {
            throw Refusal(
                .WeakDigest, "the list '\(list.name)' is signed over SHA-1, which it may not be now")
        }
    }

    /// Refuses a list that is stale, or whose signer's certificate is not good any more.
    func checkStanding(_ standing: ListStanding) throws(Refusal) {
        if let refusal = standing.refusal { throw refusal }
        try standing.list.checkFreshness(maximumAge: site.maximumListAge, at: now)
    }

    /// Refuses an image past its own end.
    func checkExpiry(_ image: ImageEntry) throws(Refusal) {
        guard let expires = image.expires, now >= expires else { return }
        throw Refusal(.ImageExpired, "image \(image.identifier) expired \(expires)")
    }

    /// The endorsers, each in a list of his own, who name the image's SHA-512; refuses fewer than the rule's
    /// threshold.
    ///
    /// When the rule names at least as many endorsers as it wants, only those count; otherwise those of all
    /// lists that the site subscribes to.
    func seconds(
        _ image: ImageEntry, _ request: Request, _ lists: [String: ListStanding]
    ) throws(Refusal) -> [String] {
        let rule = request.rule
        guard rule.threshold > 1 else { return [] }
        let ownOnly = rule.endorsers.count >= rule.threshold
        var names: Set<DistinguishedName> = []
        var seconds: [String] = []
        for (name, standing) in lists.sorted(by: { $0.key < $1.key }) {
            guard let other = site.lists[name], endorses(image, standing, other),
                !ownOnly
                    || site.endorsers(of: rule).authorised.contains(where: {
                        $0.dn == standing.list.signer.dn && $0.ca == standing.list.signer.ca
                    }),
                names.insert(standing.list.signer.dn).inserted
            else { continue }
            seconds.append(standing.list.signer.endorser)
        }
        guard seconds.count >= rule.threshold else {
            throw Refusal(
                .ThresholdNotMet,
                "\(seconds.count) of \(rule.threshold) endorsers name the SHA-512 of '\(request.name)': "
                    + (seconds.isEmpty ? "none" : seconds.joined(separator: ", ")))
        }
        return seconds
    }

    /// Whether a list that is in force names the SHA-512 of the image.
    private func endorses(_ image: ImageEntry, _ standing: ListStanding, _ rule: ListRule) -> Bool {
        standing.list.images.contains { other in
            guard other.entry.sha512 == image.sha512, other.entry.size == image.size else { return false }
            do throws(Refusal) {
                let name = other.entry.identifier
                guard let word = ImageName("\(rule.name)/\(name)") else { return false }
                let entry = try self.image(name, named: word, in: standing.list, rule)
                try checkDenials(entry, standing.list)
                try checkSigner(standing.list, rule)
                try checkStanding(standing)
                try checkExpiry(entry)
                return true
            } catch {
                return false
            }
        }
    }
}

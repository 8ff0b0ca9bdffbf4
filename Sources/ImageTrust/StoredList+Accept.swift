package import Job

extension StoredList {
    /// The state after a verified list, or why the one before stays in force: versions never go back, one
    /// version has one content, and a list keeps its host.
    ///
    /// - Parameters:
    ///   - previous: the state before; nil for the first list.
    ///   - owners: the list that each image of all subscriptions belongs to.
    ///   - consents: what an operator lets pass this time.
    package static func accepting(
        _ verified: VerifiedList, after previous: StoredList?, for subscription: Subscription,
        owners: [ImageIdentifier: String] = [:], consents: Set<Subscription.Consent> = [], at now: Timestamp
    ) throws(Refusal) -> StoredList {
        let list = verified.list
        guard ImageIdentifier(subscription.identifier) == list.identifier else {
            throw Refusal(
                .ListIdentifierMismatch,
                "the list is \(list.identifier), and not \(subscription.identifier), which was subscribed to")
        }
        guard let endorser = verified.endorser else {
            throw Refusal(.EndorserNotAuthorised, "nobody is named who may sign '\(subscription.name)'")
        }
        // A state of another list, from before the subscription was changed, is no predecessor.
        let previous = previous?.identifier == list.identifier ? previous : nil
        var warnings = verified.signature.warnings
        if let previous {
            if !consents.contains(.moved) { try checkHost(list.uri, previous, subscription) }
            if !consents.contains(.rollback) { try checkVersion(verified, previous) }
            if list.version.leaps(over: previous.version) {
                warnings.append(
                    Warning(
                        .FastForward,
                        "the version leapt from \(previous.version) to \(list.version): lower ones are refused "
                            + "from now on"))
            }
        }
        let known = consents.contains(.rollback) ? [:] : previous?.highest ?? [:]
        let judge = ImageJudge(
            subscription: subscription, isFirst: previous == nil, known: known,
            owned: previous?.highest ?? [:], owners: owners)
        let images = list.entries.map { Image(entry: $0, refusal: judge.refusal($0)) }
        var highest = previous?.highest ?? [:]
        for image in images where image.refusal == nil {
            highest[image.entry.identifier] = image.entry.version
        }
        if let previous { warnings += replacements(images, previous) }
        let isSame = previous?.contentSHA256 == verified.contentSHA256
        return StoredList(
            name: subscription.name, identifier: list.identifier, title: list.title, version: list.version,
            uri: list.uri, created: list.created, expires: list.expires, sha256: verified.sha256,
            contentSHA256: verified.contentSHA256, signer: Signer(verified.signature, endorser),
            images: images, refused: list.refused, highest: highest, warnings: warnings,
            accepted: isSame ? previous?.accepted ?? now : now, refreshed: now)
    }

    private static func checkHost(
        _ uri: ListURI, _ previous: StoredList, _ subscription: Subscription
    ) throws(Refusal) {
        let isThere = uri.host == previous.uri.host && uri.scheme == previous.uri.scheme
        let configured = ListURI(subscription.uri)
        // An operator who subscribed to the new place has agreed to it.
        let isWanted = uri.host == configured?.host && uri.scheme == configured?.scheme
        guard isThere || isWanted else {
            throw Refusal(
                .ListMoved,
                "the list moved from \(previous.uri) to \(uri): if that is right, change its uri in lists.d")
        }
    }

    private static func checkVersion(_ verified: VerifiedList, _ previous: StoredList) throws(Refusal) {
        let list = verified.list
        guard list.version >= previous.version else {
            throw Refusal(
                .Rollback, "version \(list.version) is older than \(previous.version), which was accepted")
        }
        if list.version == previous.version {
            guard verified.contentSHA256 == previous.contentSHA256 else {
                throw Refusal(
                    .VersionReplay,
                    "version \(list.version) was accepted before with other content: SHA-256 "
                        + "\(previous.contentSHA256), now \(verified.contentSHA256)")
            }
        } else if list.created < previous.created {
            throw Refusal(
                .RollbackSuspected,
                "version \(list.version) was created \(list.created), before version \(previous.version) "
                    + "(\(previous.created))")
        }
    }

    private static func replacements(_ images: [Image], _ previous: StoredList) -> [Warning] {
        images.compactMap { image in
            guard image.refusal == nil, let old = previous.image(image.entry.identifier)?.entry,
                old.version == image.entry.version, old.sha512 != image.entry.sha512
            else { return nil }
            return Warning(
                .ImageReplaced,
                "image \(old.identifier) has another SHA-512 and is still version \(old.version)")
        }
    }
}

extension StoredList.Signer {
    init(_ signature: Signature, _ endorser: Endorser) {
        self.init(
            endorser: endorser.name, dn: signature.subject, ca: signature.issuer, vo: endorser.vo,
            certificate: DERBytes(signature.certificate), serial: signature.serial,
            notAfter: signature.notAfter, digest: signature.digest)
    }
}

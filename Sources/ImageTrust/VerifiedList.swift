internal import Digest
package import Job

/// An image list whose signature, endorser and freshness were verified; it says nothing yet about what came
/// before it.
package struct VerifiedList: Hashable, Sendable {
    package let list: ImageList
    package let signature: Signature
    /// The site's endorser who signed; nil when none was asked for.
    package let endorser: Endorser?
    /// SHA-256 of the file, in hex.
    package let sha256: String
    /// SHA-256 of the signed octets, in hex: the same for copies of one list that differ in line ends.
    package let contentSHA256: String

    private init(
        list: ImageList, signature: Signature, endorser: Endorser?, sha256: String, contentSHA256: String
    ) {
        self.list = list
        self.signature = signature
        self.endorser = endorser
        self.sha256 = sha256
        self.contentSHA256 = contentSHA256
    }

    /// Verifies a list as of `now`.
    ///
    /// - Parameters:
    ///   - endorsers: who may sign it; nil accepts anybody whom the anchors vouch for.
    ///   - identifier: the `dc:identifier` the list must carry; nil accepts any.
    ///   - maximumAge: seconds after which a list is stale, whatever it says itself; nil for no such limit.
    ///   - limit: how long the file may be, in bytes.
    package static func verify(
        _ bytes: consuming [UInt8], anchors: TrustAnchors, endorsers: [Endorser]? = nil,
        identifier: String? = nil,
        maximumAge: Int64? = nil, allowing policy: DigestPolicy = .sha2,
        limit: Int = SignedMessage.usualLimit, at now: Timestamp
    ) throws(Refusal) -> VerifiedList {
        let sha256 = Sha256.hex(bytes)
        // The file is not needed any more once it is taken apart, and it may be long.
        let message = try SignedMessage(parsing: consume bytes, limit: limit)
        let signed = try message.verify(anchors: anchors, at: now, allowing: policy)
        let signature = signed.signature
        let list = try ImageList(parsing: signed.octets)
        try list.checkEndorser(of: signature)
        let endorser = try endorsers.map { endorsers throws(Refusal) in
            try authorised(endorsers, signature)
        }
        if let identifier, ImageIdentifier(identifier) != list.identifier {
            throw Refusal(
                .ListIdentifierMismatch,
                "the list is \(list.identifier), and not \(identifier.prefix(80)), which was subscribed to")
        }
        try Freshness(created: list.created, expires: list.expires).check(
            at: now, maximumAge: maximumAge, expired: .ListExpired)
        return VerifiedList(
            list: list, signature: signature, endorser: endorser, sha256: sha256,
            contentSHA256: Sha256.hex(signed.octets))
    }

    private static func authorised(
        _ endorsers: [Endorser], _ signature: Signature
    ) throws(Refusal) -> Endorser {
        guard
            let endorser = endorsers.first(where: {
                $0.dn == signature.subject && $0.ca == signature.issuer
            })
        else {
            throw Refusal(
                .EndorserNotAuthorised,
                "'\(signature.subject)' of '\(signature.issuer)' is not one of the list's endorsers "
                    + "(\(endorsers.map(\.name).joined(separator: ", ")))")
        }
        return endorser
    }
}

extension ImageList {
    /// Refuses a list that names somebody else than its signer as its endorser.
    func checkEndorser(of signature: Signature) throws(Refusal) {
        let matching = endorsers.filter { $0.isSigner(of: signature) }
        guard matching.count != 1 else { return }
        guard endorsers.count == 1 else {
            throw Refusal(
                .AmbiguousEndorser,
                "\(matching.count) of the list's \(endorsers.count) endorsers are its signer, and not one")
        }
        throw Refusal(
            .EndorserMismatch,
            "the list names '\(endorsers[0].dn)' of '\(endorsers[0].ca)' as its endorser, but "
                + "'\(signature.subject)' of '\(signature.issuer)' signed it")
    }
}

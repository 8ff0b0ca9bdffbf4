package import Digest
package import Job

/// What `bivouac list verify` says of a list, as programs read it.
package struct ListVerdict: Hashable, Sendable, Codable {
    package let accepted: Bool
    /// Why it is not accepted.
    package let refusal: Refusal.Name?
    package let message: String?
    package let list: Summary?
    package let images: [Image]?

    /// What the list says, and who signed it.
    package struct Summary: Hashable, Sendable, Codable {
        package let identifier: ImageIdentifier
        package let title: String
        package let version: ListVersion
        package let uri: ListURI
        package let created: Timestamp
        package let expires: Timestamp
        package let vo: String?
        /// The signer's name and its authority's.
        package let dn: DistinguishedName
        package let ca: DistinguishedName
        /// What the site calls the signer, when one was asked for.
        package let endorser: String?
        package let digest: DigestAlgorithm
        /// The last moment of the signer's certificate.
        package let certificateExpires: Timestamp
        /// SHA-256 of the file.
        package let sha256: String
        package let warnings: [Warning]
    }

    /// One image of the list, or what can be read of one that is refused.
    package struct Image: Hashable, Sendable, Codable {
        package let identifier: ImageIdentifier?
        package let title: String?
        package let version: ListVersion?
        package let uri: ListURI?
        package let size: Int64?
        package let sha512: ImageDigest?
        package let format: String?
        package let expires: Timestamp?
        /// Why the image is refused on its own.
        package let refusal: Refusal.Name?
        package let message: String?
    }

    /// Judges a file as of `now`, without any knowledge of what came before it.
    ///
    /// - Parameters:
    ///   - endorser: who must have signed it; nil accepts anybody whom the anchors vouch for.
    ///   - maximumAge: seconds after which a list is stale, whatever it says itself; nil for no such limit.
    package init(
        judging bytes: consuming [UInt8], anchors: TrustAnchors, endorser: Endorser? = nil,
        maximumAge: Int64? = nil, allowing policy: DigestPolicy = .sha2, at now: Timestamp
    ) {
        do throws(Refusal) {
            let verified = try VerifiedList.verify(
                consume bytes, anchors: anchors, endorsers: endorser.map { [$0] }, maximumAge: maximumAge,
                allowing: policy, at: now)
            self.init(verified, at: now)
        } catch {
            self.init(error)
        }
    }

    package init(_ refusal: Refusal) {
        accepted = false
        self.refusal = refusal.name
        message = refusal.message
        list = nil
        images = nil
    }

    /// An accepted list; images past their own end at this moment carry that as their refusal.
    package init(_ verified: VerifiedList, at now: Timestamp) {
        accepted = true
        refusal = nil
        message = nil
        list = Summary(verified)
        images = verified.list.images.map { Image($0, at: now) }
    }
}

extension ListVerdict.Summary {
    fileprivate init(_ verified: VerifiedList) {
        let list = verified.list
        identifier = list.identifier
        title = list.title
        version = list.version
        uri = list.uri
        created = list.created
        expires = list.expires
        vo = list.vo
        dn = verified.signature.subject
        ca = verified.signature.issuer
        endorser = verified.endorser?.name
        digest = verified.signature.digest
        certificateExpires = verified.signature.notAfter
        sha256 = verified.sha256
        warnings = verified.signature.warnings
    }
}

extension ListVerdict.Image {
    fileprivate init(_ image: ListedImage, at now: Timestamp) {
        switch image {
        case .accepted(let entry):
            identifier = entry.identifier
            title = entry.title
            version = entry.version
            uri = entry.uri
            size = entry.size.bytes
            sha512 = entry.sha512
            format = entry.format
            expires = entry.expires
            let isPast = entry.expires.map { now >= $0 } ?? false
            refusal = isPast ? .ImageExpired : nil
            message = isPast ? "image \(entry.identifier) is past its own end" : nil
        case .refused(let image):
            identifier = image.identifier
            title = image.title
            version = nil
            uri = nil
            size = nil
            sha512 = nil
            format = nil
            expires = nil
            refusal = image.refusal.name
            message = image.refusal.message
        }
    }
}

package import Job

/// What a site remembers of the last list it accepted from a subscription: facts that were verified once and
/// are only compared afterwards.
package struct StoredList: Hashable, Sendable, Codable {
    /// An image of the list, and why it may not be used for reasons that lie outside of the list.
    package struct Image: Hashable, Sendable, Codable {
        package var entry: ImageEntry
        package var refusal: Refusal?

        package init(entry: ImageEntry, refusal: Refusal? = nil) {
            self.entry = entry
            self.refusal = refusal
        }
    }

    /// Who signed.
    package struct Signer: Hashable, Sendable, Codable {
        /// What the site calls the endorser.
        package var endorser: String
        package var dn: DistinguishedName
        package var ca: DistinguishedName
        package var vo: String
        package var certificate: DERBytes
        package var serial: String
        package var notAfter: Timestamp
        package var digest: DigestAlgorithm

        package init(
            endorser: String, dn: DistinguishedName, ca: DistinguishedName, vo: String,
            certificate: DERBytes, serial: String, notAfter: Timestamp, digest: DigestAlgorithm
        ) {
            self.endorser = endorser
            self.dn = dn
            self.ca = ca
            self.vo = vo
            self.certificate = certificate
            self.serial = serial
            self.notAfter = notAfter
            self.digest = digest
        }
    }

    /// What the site calls the list.
    package var name: String
    package var identifier: ImageIdentifier
    package var title: String
    package var version: ListVersion
    package var uri: ListURI
    package var created: Timestamp
    package var expires: Timestamp
    /// SHA-256 of the file and of its signed octets, in hex.
    package var sha256: String
    package var contentSHA256: String
    package var signer: Signer
    package var images: [Image]
    /// Images that are refused for what the list says of them.
    package var refused: [ListedImage.Refused]
    /// The highest version of every image that this list ever brought; those are the images it owns.
    package var highest: [ImageIdentifier: ListVersion]
    package var warnings: [Warning]
    /// When this version was accepted, and when it was last seen to be the newest.
    package var accepted: Timestamp
    package var refreshed: Timestamp

    package init(
        name: String, identifier: ImageIdentifier, title: String = "", version: ListVersion, uri: ListURI,
        created: Timestamp, expires: Timestamp, sha256: String, contentSHA256: String, signer: Signer,
        images: [Image], refused: [ListedImage.Refused] = [],
        highest: [ImageIdentifier: ListVersion] = [:], warnings: [Warning] = [], accepted: Timestamp,
        refreshed: Timestamp
    ) {
        self.name = name
        self.identifier = identifier
        self.title = title
        self.version = version
        self.uri = uri
        self.created = created
        self.expires = expires
        self.sha256 = sha256
        self.contentSHA256 = contentSHA256
        self.signer = signer
        self.images = images
        self.refused = refused
        self.highest = highest
        self.warnings = warnings
        self.accepted = accepted
        self.refreshed = refreshed
    }

    /// The image of this identifier, if the list still has it.
    package func image(_ identifier: ImageIdentifier) -> Image? {
        images.first { $0.entry.identifier == identifier }
    }
}

extension [StoredList] {
    /// The list that each image belongs to: the one that brought it first.
    package var owners: [ImageIdentifier: String] {
        var owners: [ImageIdentifier: String] = [:]
        for list in sorted(by: { $0.name < $1.name }) {
            for identifier in list.highest.keys where owners[identifier] == nil {
                owners[identifier] = list.name
            }
        }
        return owners
    }
}

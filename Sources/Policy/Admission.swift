package import Digest
package import ImageTrust
package import Job
package import Site

/// Leave to boot one image for one job: the store and the machine take it as parameter, and `admit` alone
/// makes one.
package struct Admission: Hashable, Sendable, Encodable {
    package let job: String
    package let queue: String
    /// What the job or its queue asked for.
    package let image: ImageName
    package let entry: ImageEntry
    package let imageClass: Int
    package let list: List
    package let endorser: EndorserFacts
    /// Those whose lists name the same SHA-512, the endorser among them, when the site wants several.
    package let seconds: [String]
    package let admitted: Timestamp

    /// The list that the image stands in.
    package struct List: Hashable, Sendable, Encodable {
        package let name: String
        package let identifier: ImageIdentifier
        package let version: ListVersion
        /// SHA-256 of the signed file, in hex.
        package let sha256: String
        package let created: Timestamp
        package let expires: Timestamp
        package let uri: ListURI
    }

    /// Who endorsed it.
    package struct EndorserFacts: Hashable, Sendable, Encodable {
        package let name: String
        package let dn: DistinguishedName
        package let ca: DistinguishedName
        package let serial: String
        package let vo: String
    }

    package var digest: ImageDigest { entry.sha512 }
    package var size: ByteCount { entry.size }
    package var uri: ListURI { entry.uri }
    package var format: String? { entry.format }

    fileprivate init(
        _ request: Request, _ image: ImageEntry, _ stored: StoredList, seconds: [String], _ now: Timestamp
    ) {
        job = request.job.key.description
        queue = request.queue.name
        self.image = request.name
        entry = image
        imageClass = request.rule.imageClass
        list = List(
            name: stored.name, identifier: stored.identifier, version: stored.version,
            sha256: stored.sha256, created: stored.created, expires: stored.expires, uri: stored.uri)
        endorser = EndorserFacts(
            name: stored.signer.endorser, dn: stored.signer.dn, ca: stored.signer.ca,
            serial: stored.signer.serial, vo: stored.signer.vo)
        self.seconds = seconds
        admitted = now
    }
}

/// Decides whether a job may boot the image it asks for; this is the one place that can say yes.
///
/// It is a pure function of its arguments: `lists` are the stored lists that `Request.lists` names, each
/// checked again by `StoredList.standing` just now.
package func admit(
    _ job: Job, site: Site, lists: [String: ListStanding], at now: Timestamp
) throws(Refusal) -> Admission {
    let request = try Request(job, site)
    guard let standing = lists[request.rule.name] else {
        throw Refusal(
            .ImageUnavailable,
            "no version of the list '\(request.rule.name)' has been accepted on this node yet: run "
                + "'bivouac list refresh \(request.rule.name)'")
    }
    let judge = ListJudge(site: site, now: now)
    let image = try judge.image(request.identifier, named: request.name, in: standing.list, request.rule)
    try judge.checkDenials(image, standing.list)
    try judge.checkSigner(standing.list, request.rule)
    try judge.checkStanding(standing)
    try judge.checkExpiry(image)
    let seconds = try judge.seconds(image, request, lists)
    return Admission(request, image, standing.list, seconds: seconds, now)
}

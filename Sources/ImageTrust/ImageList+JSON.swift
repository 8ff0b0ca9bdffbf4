internal import JSON
package import Job

extension ImageList {
    /// Reads the JSON document of a list.
    package init(parsing bytes: [UInt8]) throws(Refusal) {
        let document: JSON
        var images = ImageCollector()
        do throws(JSONError) {
            let limits = JSON.Limits(bytes: bytes.count, depth: 16, values: 1 << 19, members: 256)
            document = try JSON(parsing: bytes, limits: limits, elementsOf: "hv:images") { images.add($0) }
        } catch {
            throw Self.refusal(error)
        }
        guard let list = ListReader(document["hv:imagelist"], "the list") else {
            throw Refusal(.NotAnImageList, "the document is not an object with an object hv:imagelist")
        }
        identifier = try list.identifier("dc:identifier")
        title = try list.words("dc:title")
        description = try list.words("dc:description")
        source = try list.words("dc:source")
        version = try list.version("hv:version")
        uri = try list.uri("hv:uri")
        created = try list.moment("dc:date:created")
        expires = try list.moment("dc:date:expires")
        guard created < expires else {
            throw Refusal(.InvalidValidity, "the list expires \(expires), before it was created (\(created))")
        }
        vo = list.members["ad:vo"]?.text
        endorsers = try Self.endorsers(try list.required("hv:endorser"))
        guard try list.required("hv:images").elements != nil else {
            throw list.refuse(.BadType, "hv:images", "is not an array")
        }
        guard images.areAll else {
            throw Refusal(.TooComplex, "the list: more than \(ImageCollector.limit) images")
        }
        self.images = images.collected
    }

    private static func refusal(_ error: JSONError) -> Refusal {
        switch error.reason {
        case .duplicateName: Refusal(.DuplicateKey, "the list: \(error)")
        case .tooLarge, .tooDeep, .tooManyValues, .tooManyMembers: Refusal(.TooComplex, "the list: \(error)")
        case .invalidUTF8, .trailingText, .syntax: Refusal(.NotAnImageList, "not JSON: \(error)")
        }
    }

    private static let endorserLimit = 64

    private static func endorsers(_ value: JSON) throws(Refusal) -> [DeclaredEndorser] {
        var endorsers: [DeclaredEndorser] = []
        let elements = value.elements ?? [value]
        guard elements.count <= endorserLimit else {
            throw Refusal(.TooComplex, "the list: more than \(endorserLimit) endorsers")
        }
        for element in elements {
            guard element.members != nil else {
                throw Refusal(.BadType, "the list: hv:endorser is neither an object nor an array of them")
            }
            guard let x509 = ListReader(element["hv:x509"], "hv:endorser") else {
                throw Refusal(.MissingField, "the list: hv:endorser has no object hv:x509")
            }
            endorsers.append(
                DeclaredEndorser(
                    creator: try x509.words("dc:creator"), email: try x509.words("hv:email"),
                    dn: try x509.string("hv:dn"), ca: try x509.string("hv:ca")))
        }
        return endorsers
    }
}

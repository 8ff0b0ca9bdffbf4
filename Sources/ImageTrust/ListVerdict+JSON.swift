internal import Digest
internal import JSON
internal import Job

extension ListVerdict {
    /// Writes the verdict as one JSON object on one line, image by image: a long list is never held as text.
    package func write(json put: (String) -> Void) {
        put("{\"accepted\":\(accepted)")
        if let refusal { put(",\"refusal\":\(JSON.string(refusal.rawValue))") }
        if let message { put(",\"message\":\(JSON.string(message))") }
        if let list { put(",\"list\":\(list.json)") }
        if let images {
            put(",\"images\":[")
            for (index, image) in images.enumerated() { put("\(index > 0 ? "," : "")\(image.json)") }
            put("]")
        }
        put("}\n")
    }
}

extension ListVerdict.Summary {
    fileprivate var json: JSON {
        .compact([
            ("identifier", .string(identifier.description)),
            ("title", .string(title)),
            ("version", .string(version.description)),
            ("uri", .string(uri.description)),
            ("created", .string(created.description)),
            ("expires", .string(expires.description)),
            ("vo", vo.map { .string($0) }),
            ("dn", .string(dn.description)),
            ("ca", .string(ca.description)),
            ("endorser", endorser.map { .string($0) }),
            ("digest", .string(digest.rawValue)),
            ("certificateExpires", .string(certificateExpires.description)),
            ("sha256", .string(sha256)),
            (
                "warnings",
                .array(
                    warnings.map {
                        .compact([("name", .string($0.name.rawValue)), ("message", .string($0.message))])
                    })
            ),
        ])
    }
}

extension ListVerdict.Image {
    fileprivate var json: JSON {
        .compact([
            ("identifier", identifier.map { .string($0.description) }),
            ("title", title.map { .string($0) }),
            ("version", version.map { .string($0.description) }),
            ("uri", uri.map { .string($0.description) }),
            ("size", size.map { .integer($0) }),
            ("sha512", sha512.map { .string($0.description) }),
            ("format", format.map { .string($0) }),
            ("expires", expires.map { .string($0.description) }),
            ("refusal", refusal.map { .string($0.rawValue) }),
            ("message", message.map { .string($0) }),
        ])
    }
}

extension JSON {
    /// An object of those members that have a value.
    fileprivate static func compact(_ members: [(String, JSON?)]) -> JSON {
        .object(members.compactMap { name, value in value.map { Member(name, $0) } })
    }
}

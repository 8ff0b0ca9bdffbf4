package import JSON

extension Difference {
    /// As `bivouac evidence diff --json` prints it.
    package var json: JSON {
        .object([
            .init("complete", .bool(isComplete)),
            .init("findings", .array(findings.map { .string($0) })),
            .init("outsideBytes", .integer(Int64(clamping: outsideBytes))),
            .init("parts", .array(parts.map(\.json))),
        ])
    }

    /// Reads what `json` wrote; nil for anything else.
    package init?(json: JSON) {
        guard let findings = json["findings"]?.texts, let outside = json["outsideBytes"]?.integer,
            let elements = json["parts"]?.elements, outside >= 0
        else { return nil }
        let parts = elements.compactMap(Part.init(json:))
        guard parts.count == elements.count else { return nil }
        self.init(
            parts: parts, findings: findings.map { PrintableName.plain($0) }, outsideBytes: UInt64(outside))
    }
}

extension Difference.Part {
    var json: JSON {
        .object([
            .init("name", .string(name)), .init("start", .integer(Int64(clamping: start))),
            .init("size", .integer(Int64(clamping: size))), .init("kind", .string(kind)),
            .init("foreign", .bool(isForeign)),
            .init("changedBytes", .integer(Int64(clamping: changedBytes))),
            .init("unlinked", .integer(Int64(unlinked))), .init("cut", .bool(isCut)),
            .init("unread", .array(unread.map { .string($0) })),
            .init("changes", .array(changes.map(\.json))),
        ])
    }

    init?(json: JSON) {
        guard let name = json["name"]?.text, let start = json["start"]?.integer, start >= 0,
            let size = json["size"]?.integer, size >= 0, let foreign = json["foreign"]?.bool,
            let kind = json["kind"]?.text, let bytes = json["changedBytes"]?.integer, bytes >= 0,
            let unlinked = json["unlinked"]?.integer, let cut = json["cut"]?.bool,
            let unread = json["unread"]?.texts, let elements = json["changes"]?.elements
        else { return nil }
        self.init(
            name: PrintableName.plain(name), start: UInt64(start), size: UInt64(size),
            kind: PrintableName.plain(kind), changedBytes: UInt64(bytes))
        isForeign = foreign
        changes = elements.compactMap(Change.init(json:))
        guard changes.count == elements.count else { return nil }
        self.unlinked = Int(unlinked)
        isCut = cut
        self.unread = unread.map { PrintableName.plain($0) }
    }
}

extension Change {
    var json: JSON {
        .object([
            .init("path", .string(path)), .init("kind", .string(kind.rawValue)),
            .init("aspects", .array(aspects.map { .string($0.rawValue) })),
            .init("concerns", .array(concerns.map { .string($0.rawValue) })),
            .init("noise", .bool(isNoise)),
            .init("before", before.map(\.json) ?? .null), .init("after", after.map(\.json) ?? .null),
        ])
    }

    /// What concerns somebody and what is noise is judged anew.
    init?(json: JSON) {
        guard let path = json["path"]?.text, let kind = json["kind"]?.text.flatMap(Kind.init(rawValue:)),
            let aspects = json["aspects"]?.texts
        else { return nil }
        self.init(
            path: PrintableName.plain(path), kind: kind, aspects: aspects.compactMap(Aspect.init(rawValue:)),
            before: json["before"].flatMap(Facts.init(json:)), after: json["after"].flatMap(Facts.init(json:))
        )
    }
}

extension Change.Facts {
    var json: JSON {
        var members: [JSON.Member] = [
            .init("type", .string(type)), .init("mode", .string(octal)),
            .init("uid", .integer(Int64(uid))), .init("gid", .integer(Int64(gid))),
            .init("size", .integer(Int64(clamping: size))), .init("modified", .integer(modified)),
        ]
        if let target { members.append(.init("target", .string(target))) }
        if let device { members.append(.init("device", .string(device))) }
        if !attributes.isEmpty {
            members.append(.init("attributes", .array(attributes.map { .string($0) })))
        }
        return .object(members)
    }

    /// The mode as chmod(1) takes it.
    package var octal: String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    init?(json: JSON) {
        guard let type = json["type"]?.text, let mode = json["mode"]?.text.flatMap({ UInt16($0, radix: 8) }),
            let uid = json["uid"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let gid = json["gid"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let size = json["size"]?.integer, size >= 0, let modified = json["modified"]?.integer
        else { return nil }
        self.init(
            type: PrintableName.plain(type), mode: mode, uid: uid, gid: gid, size: UInt64(size),
            modified: modified, target: json["target"]?.text.map { PrintableName.plain($0) },
            device: json["device"]?.text.map { PrintableName.plain($0) },
            attributes: (json["attributes"]?.texts ?? []).map { PrintableName.plain($0) })
    }
}

extension JSON {
    fileprivate var texts: [String]? {
        guard let elements else { return nil }
        let texts = elements.compactMap(\.text)
        return texts.count == elements.count ? texts : nil
    }
}

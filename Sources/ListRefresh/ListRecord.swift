internal import Audit
internal import Digest
internal import ImageTrust
internal import JSON
internal import Job
internal import Site

/// What the audit log says of a list.
enum ListRecord {
    /// A list's own words may be long; a line of the log may not.
    private static func text(_ words: String) -> JSON { .string(String(words.prefix(200))) }

    /// A version came into force, or is reachable again.
    static func accepted(_ list: StoredList, _ rule: ListRule, isNew: Bool) -> AuditEvent {
        AuditEvent(
            .list,
            [
                .init("list", .string(rule.name)),
                .init("outcome", .string(isNew ? "accepted" : "unchanged")),
                .init("uri", .string(rule.uri)), .init("identifier", .string(list.identifier.description)),
                .init("version", text(list.version.description)), .init("sha256", .string(list.sha256)),
                .init("created", .string(list.created.description)),
                .init("expires", .string(list.expires.description)),
                .init("endorser", .string(list.signer.endorser)),
                .init("dn", text(list.signer.dn.description)),
                .init("serial", .string(list.signer.serial)), .init("vo", .string(list.signer.vo)),
                .init("images", .integer(Int64(list.images.count))),
                .init("warnings", .array(list.warnings.prefix(20).map { .string($0.name.rawValue) })),
            ])
    }

    /// What came is not accepted, or nothing came.
    static func failed(_ failure: RefreshFailure, _ rule: ListRule, _ inForce: StoredList?) -> AuditEvent {
        var fields: [JSON.Member] = [.init("list", .string(rule.name))]
        switch failure {
        case .refused(let refusal, let sha256):
            fields += [
                .init("outcome", .string("refused")), .init("refusal", .string(refusal.name.rawValue)),
                .init("message", .string(refusal.message)),
            ]
            if let sha256 { fields.append(.init("sha256", .string(sha256))) }
        case .unreachable(let why):
            fields += [
                .init("outcome", .string("unreachable")), .init("message", .string(String(why.prefix(1000)))),
            ]
        }
        fields.append(.init("uri", .string(rule.uri)))
        if let inForce {
            fields += [
                .init("inForce", text(inForce.version.description)),
                .init("until", .string(inForce.expires.description)),
            ]
        }
        return AuditEvent(.list, fields)
    }

    /// Images in one line of the log.
    private static let imagesInLine = 40

    /// The images that a version brought, changed or took away, in as many lines as it takes.
    static func changes(_ list: StoredList, after previous: StoredList?) -> [AuditEvent] {
        var old: [ImageIdentifier: StoredList.Image] = [:]
        for image in previous?.images ?? [] { old[image.entry.identifier] = image }
        var changes: [JSON] = []
        for image in list.images {
            let before = old.removeValue(forKey: image.entry.identifier)
            guard before != image else { continue }
            changes.append(
                change(image, image.refusal != nil ? "refused" : before == nil ? "listed" : "changed"))
        }
        for image in old.values.sorted(by: {
            $0.entry.identifier.description < $1.entry.identifier.description
        }) {
            let fault = list.refused.first { $0.identifier == image.entry.identifier }?.refusal
            let gone = StoredList.Image(entry: image.entry, refusal: fault)
            changes.append(change(gone, fault == nil ? "withdrawn" : "refused"))
        }
        return stride(from: 0, to: changes.count, by: imagesInLine).map { start in
            AuditEvent(
                .image,
                [
                    .init("list", .string(list.name)), .init("version", text(list.version.description)),
                    .init("endorser", .string(list.signer.endorser)), .init("vo", .string(list.signer.vo)),
                    .init("images", .array(Array(changes[start..<min(start + imagesInLine, changes.count)]))),
                ])
        }
    }

    private static func change(_ image: StoredList.Image, _ what: String) -> JSON {
        var members: [JSON.Member] = [
            .init("identifier", .string(image.entry.identifier.description)), .init("change", .string(what)),
            .init("version", text(image.entry.version.description)),
            .init("sha512", .string(image.entry.sha512.description)),
        ]
        if let refusal = image.refusal { members.append(.init("refusal", .string(refusal.name.rawValue))) }
        return .object(members)
    }
}

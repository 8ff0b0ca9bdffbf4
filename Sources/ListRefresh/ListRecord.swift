internal import Audit
internal import Digest
internal import ImageTrust
internal import JSON
internal import Job
internal import Site
internal import Unix

/// What the audit log says of a list.
enum ListRecord {
    /// A list's own words may be long; a line of the log may not.
    private static func text(_ words: String) -> JSON { .string(String(words.prefix(200))) }

    /// Who wants a list refreshed, nil for nobody in particular, and what is let pass for it.
    struct Order {
        let author: String?
        let consents: Set<Subscription.Consent>

        /// What is let pass, as the options of `list refresh` call it.
        private var accept: [JSON] {
            [(Subscription.Consent.moved, "move"), (.rollback, "rollback")]
                .filter { consents.contains($0.0) }.map { .string($0.1) }
        }

        var fields: [JSON.Member] {
            (author.map { [.init("operator", .string($0))] } ?? [])
                + (accept.isEmpty ? [] : [.init("accept", .array(accept))])
        }
    }

    /// An operator is about to have a list refreshed.
    static func ordered(_ order: Order, _ rule: ListRule) -> AuditEvent {
        AuditEvent(
            .action,
            [
                .init("action", .string("list refresh")), .init("list", .string(rule.name)),
                .init("node", .string(Process.system.host)),
            ] + order.fields)
    }

    /// A version came into force, or is reachable again.
    static func accepted(_ list: StoredList, _ rule: ListRule, _ order: Order, isNew: Bool) -> AuditEvent {
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
            ] + order.fields)
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

    /// Bytes that images may take of one line of the log: all of it must fit into a message of rsyslogd's, 8 KiB.
    private static let imagesLimit = 6000

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
        return lines(changes).map { images in
            AuditEvent(
                .image,
                [
                    .init("list", .string(list.name)), .init("version", text(list.version.description)),
                    .init("endorser", .string(list.signer.endorser)), .init("vo", .string(list.signer.vo)),
                    .init("images", .array(images)),
                ])
        }
    }

    /// As many in each line as fit.
    private static func lines(_ changes: [JSON]) -> [[JSON]] {
        var lines: [[JSON]] = []
        var bytes = imagesLimit
        for change in changes {
            let count = change.description.utf8.count + 1
            if bytes + count > imagesLimit {
                lines.append([])
                bytes = 0
            }
            lines[lines.count - 1].append(change)
            bytes += count
        }
        return lines
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

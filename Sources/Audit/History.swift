internal import JSON
package import Job

/// What the audit log can tell of one list, image or endorser, the last of it first to be kept.
package struct History: Sendable {
    /// What is asked about.
    package enum Subject: Sendable {
        case list(String)
        /// An image of a list; what names it by a digest that it had is found too.
        case image(list: String, identifier: String)
        case digest(String)
        case endorser(String)
    }

    /// One thing that happened.
    package struct Row: Encodable, Sendable {
        package let sequence: Int64
        package let time: Timestamp
        /// `accepted`, `refused`, `listed`, `withdrawn`, `started`, `denied`, ...
        package let what: String
        package var list: String?
        /// Of the list.
        package var version: String?
        package var endorser: String?
        package var identifier: String?
        package var sha512: String?
        package var job: String?
        package var user: String?
        /// Name or words of the reason.
        package var reason: String?
    }

    /// The events that say anything of lists, images and endorsers.
    package static let events: Set<AuditEvent.Name> = [
        .list, .image, .start, .end, .refusal, .revocation, .action,
    ]

    private let subject: Subject
    private let limit: Int
    private var digests: Set<String> = []
    /// Digests that one image can have had and still be followed.
    private static let digestLimit = 4096

    /// The rows, oldest first, at most `limit` of them.
    package private(set) var rows: [Row] = []
    /// How many older ones were left out.
    package private(set) var omitted = 0

    package init(of subject: Subject, limit: Int) {
        self.subject = subject
        self.limit = max(1, limit)
        if case .digest(let digest) = subject { digests = [digest] }
    }

    /// Takes one entry of the log; they come oldest first.
    package mutating func take(_ entry: AuditEntry) {
        let fields = entry.fields
        switch AuditEvent.Name(rawValue: entry.event) {
        case .list: takeList(entry, fields)
        case .image:
            for image in fields["images"]?.elements ?? [] { takeChange(entry, fields, image) }
        case .start: takeJob(entry, fields, "started")
        case .end: takeJob(entry, fields, "ended")
        case .refusal: takeJob(entry, fields, "job refused")
        case .revocation: takeJob(entry, fields, "revoked while it ran")
        case .action: takeAction(entry, fields)
        default: break
        }
    }

    private mutating func add(_ row: Row) {
        rows.append(row)
        // Now and then, so that the cost of a row does not grow with the limit.
        guard rows.count >= 2 * limit else { return }
        omitted += rows.count - limit
        rows.removeFirst(rows.count - limit)
    }

    /// Leaves no more than the limit; to be called when the log has been read.
    package mutating func finish() {
        guard rows.count > limit else { return }
        omitted += rows.count - limit
        rows.removeFirst(rows.count - limit)
    }

    private mutating func takeList(_ entry: AuditEntry, _ fields: JSON) {
        let isMine: Bool
        switch subject {
        case .list(let name), .image(let name, _): isMine = fields["list"]?.text == name
        case .endorser(let name): isMine = fields["endorser"]?.text == name
        case .digest: isMine = false
        }
        guard isMine, let outcome = fields["outcome"]?.text else { return }
        // To an image, the versions of its list are told by what they change.
        if case .image = subject, outcome == "accepted" || outcome == "unchanged" { return }
        add(
            Row(
                sequence: entry.sequence, time: entry.time, what: "list " + outcome,
                list: fields["list"]?.text,
                version: fields["version"]?.text, endorser: fields["endorser"]?.text,
                reason: Self.reason(fields)))
    }

    private mutating func takeChange(_ entry: AuditEntry, _ fields: JSON, _ image: JSON) {
        guard let digest = image["sha512"]?.text, let change = image["change"]?.text else { return }
        switch subject {
        case .list(let name): guard fields["list"]?.text == name else { return }
        case .endorser: return
        case .digest(let wanted): guard digest == wanted else { return }
        case .image(let list, let identifier):
            guard isMine(digest, fields["list"], image["identifier"], list, identifier) else { return }
        }
        add(
            Row(
                sequence: entry.sequence, time: entry.time, what: change, list: fields["list"]?.text,
                version: fields["version"]?.text, endorser: fields["endorser"]?.text,
                identifier: image["identifier"]?.text, sha512: digest, reason: image["refusal"]?.text))
    }

    private mutating func takeJob(_ entry: AuditEntry, _ fields: JSON, _ what: String) {
        let isRevocation = entry.event == AuditEvent.Name.revocation.rawValue
        switch subject {
        case .list(let name): guard isRevocation, fields["list"]?.text == name else { return }
        case .endorser(let name): guard isRevocation, fields["endorser"]?.text == name else { return }
        case .digest: guard let digest = fields["sha512"]?.text, digests.contains(digest) else { return }
        case .image(let list, let identifier):
            guard let digest = fields["sha512"]?.text,
                isMine(digest, fields["list"], fields["identifier"], list, identifier)
            else { return }
        }
        add(
            Row(
                sequence: entry.sequence, time: entry.time, what: what, list: fields["list"]?.text,
                version: fields["listVersion"]?.text, endorser: fields["endorser"]?.text,
                identifier: fields["identifier"]?.text, sha512: fields["sha512"]?.text,
                job: fields["job"]?.text, user: fields["user"]?.text, reason: Self.reason(fields)))
    }

    /// What an operator did about it.
    private mutating func takeAction(_ entry: AuditEntry, _ fields: JSON) {
        guard let action = fields["action"]?.text else { return }
        let digest = fields["sha512"]?.text
        switch subject {
        case .list(let name): guard fields["list"]?.text == name else { return }
        case .endorser(let name): guard fields["endorser"]?.text == name else { return }
        case .digest: guard let digest, digests.contains(digest) else { return }
        case .image(let list, let identifier):
            guard let digest, isMine(digest, fields["list"], fields["identifier"], list, identifier) else {
                return
            }
        }
        add(
            Row(
                sequence: entry.sequence, time: entry.time, what: action, list: fields["list"]?.text,
                endorser: fields["endorser"]?.text, identifier: fields["identifier"]?.text, sha512: digest,
                user: fields["operator"]?.text, reason: fields["reason"]?.text))
    }

    /// Whether a line that says this speaks of the image; its digest is learnt then.
    private mutating func isMine(
        _ digest: String, _ list: JSON?, _ identifier: JSON?, _ wantedList: String, _ wanted: String
    ) -> Bool {
        guard list?.text == wantedList, identifier?.text == wanted else { return digests.contains(digest) }
        if digests.count < Self.digestLimit { digests.insert(digest) }
        return true
    }

    private static func reason(_ fields: JSON) -> String? {
        switch (fields["refusal"]?.text, fields["message"]?.text) {
        case (let name?, let message?): "\(name): \(message)"
        case (let name, let message): name ?? message ?? fields["cause"]?.text
        }
    }
}

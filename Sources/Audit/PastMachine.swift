internal import JSON
package import Job

/// A machine as the log tells of it: whose it was, what it ran, when and where.
package struct PastMachine: Encodable, Sendable {
    /// Which start of which job.
    struct Key: Hashable {
        let job: String
        let attempt: Int64
    }

    package let job: String
    package let attempt: Int64
    package var user: String?
    package var uid: Int64?
    /// The user's grid name, where the batch system knows it.
    package var dn: String?
    package var queue: String?
    package var project: String?
    package var node: String?
    package var image: String?
    package var identifier: String?
    package var sha512: String?
    package var list: String?
    package var listVersion: String?
    package var vo: String?
    package var endorser: String?
    package var domain: String?
    package var uuid: String?
    package var mac: String?
    package var ip: String?
    package var account: String?
    package var started: Timestamp?
    package var ready: Timestamp?
    package var ended: Timestamp?
    package var cause: String?
    package var exit: String?
    package var refusal: String?
    package var evidence: String?

    init(_ key: Key) {
        job = key.job
        attempt = key.attempt
    }

    /// Adds what a line says; lines come the newest first, and what was said later counts.
    mutating func take(_ entry: AuditEntry) {
        let fields = entry.fields
        let texts: [(WritableKeyPath<PastMachine, String?>, String)] = [
            (\.user, "user"), (\.dn, "dn"), (\.queue, "queue"), (\.project, "project"), (\.node, "node"),
            (\.image, "image"), (\.identifier, "identifier"), (\.sha512, "sha512"), (\.list, "list"),
            (\.listVersion, "listVersion"), (\.vo, "vo"), (\.endorser, "endorser"), (\.domain, "domain"),
            (\.uuid, "uuid"), (\.mac, "mac"), (\.ip, "ip"), (\.account, "account"),
            (\.evidence, "evidence"),
        ]
        for (path, name) in texts where self[keyPath: path] == nil {
            self[keyPath: path] = fields[name]?.text
        }
        uid = uid ?? fields["uid"]?.integer
        switch AuditEvent.Name(rawValue: entry.event) {
        case .start: started = started ?? entry.time
        case .ready: ready = ready ?? entry.time
        case .refusal: refusal = refusal ?? fields["refusal"]?.text
        case .end:
            guard ended == nil else { return }
            // Of one that was logged late the line says when it was.
            ended = fields["happened"]?.text.flatMap { Timestamp($0) } ?? entry.time
            cause = fields["cause"]?.text
            exit = fields["exit"]?.text
        default: break
        }
    }
}

extension PastMachine.Key {
    private static let beginning = Array("\"job\":\"".utf8)
    private static let middle = Array("\",\"attempt\":".utf8)

    /// Reads it from a line that speaks of a machine, without taking the rest apart; nil for other lines.
    init?(_ header: AuditHeader) {
        let fields = header.fields
        guard fields.starts(with: Self.beginning) else { return nil }
        let job = fields.dropFirst(Self.beginning.count).prefix { $0 != UInt8(ascii: "\"") }
        guard fields[job.endIndex...].starts(with: Self.middle) else { return nil }
        let digits = fields[(job.endIndex + Self.middle.count)...].prefix { (0x30...0x39).contains($0) }
        guard let attempt = Int64(String(decoding: digits, as: UTF8.self)) else { return nil }
        self.init(job: String(decoding: job, as: UTF8.self), attempt: attempt)
    }
}

internal import Audit
internal import JSON
internal import Job
internal import Unix

/// What a job's machine has to do with the audit log: the same identities in every line, so that any one of
/// them leads to all others.
struct Journal {
    private let log: AuditLog

    init(_ log: AuditLog) { self.log = log }

    /// Writes a line; what it speaks of must not happen when this throws.
    ///
    /// It is durable, or becomes so with the next line that is.
    func write(
        _ name: AuditEvent.Name, _ record: Record, _ more: [JSON.Member] = [], at now: Timestamp,
        durably: Bool = true
    ) throws(MachineFault) {
        _ = try atNode("the audit log takes no line") { () throws(AuditError) in
            try log.append(
                Self.event(name, record, more), at: now, before: Deadline(seconds: 20), durably: durably)
        }
    }

    /// What a line about a job's machine says.
    static func event(_ name: AuditEvent.Name, _ record: Record, _ more: [JSON.Member]) -> AuditEvent {
        AuditEvent(name, identities(record) + more)
    }

    private static func identities(_ record: Record) -> [JSON.Member] {
        var members: [JSON.Member] = [
            .init("job", .string(record.key)), .init("attempt", .integer(Int64(record.attempt))),
            .init("user", .string(record.user)), .init("uid", .integer(Int64(record.uid))),
            .init("queue", .string(record.queue)), .init("project", .string(record.project)),
            .init("node", .string(Process.system.host)),
        ]
        if let image = record.image {
            members += [
                .init("image", .string(image.name)), .init("sha512", .string(image.sha512)),
                .init("identifier", .string(image.identifier)), .init("list", .string(image.list)),
                .init("listVersion", .string(String(image.listVersion.prefix(200)))),
                .init("vo", .string(image.vo)), .init("endorser", .string(image.endorser)),
            ]
        }
        if let machine = record.machine {
            members += [
                .init("domain", .string(record.domain)), .init("uuid", .string(record.uuid)),
                .init("account", .string(machine.account)),
                .init("virtualization", .string(machine.virtualization)),
            ]
        }
        return members
    }
}

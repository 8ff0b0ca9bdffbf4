internal import JSON
package import Job
package import Unix

/// Events that could not be logged when they happened, and did not wait for it: endings.
///
/// A file for each, until the log takes them.
package struct LateEvents: Sendable {
    private let directory: String

    /// Works with the files of a directory, which it makes when it must.
    package init(directory: String) { self.directory = directory }

    /// Keeps an event for later, durably; one of the same name is replaced.
    package func keep(_ event: AuditEvent, as name: String, at now: Timestamp) throws(UnixError) {
        let value = JSON.object([
            .init("event", .string(event.name.rawValue)), .init("happened", .string(now.description)),
            .init("fields", .object(event.fields)),
        ])
        if !Files.exists(directory) {
            try Files.makeDirectories(directory, mode: 0o700)
            try Files.synchronize(directory: Files.parent(directory))
        }
        try Files.write(value.description, to: "\(directory)/\(name)")
    }

    /// Logs what has been kept, with the moment when it happened beside that of its line.
    ///
    /// Returns how many events were logged, and the files that cannot be: they stay, and hold up none of the others.
    /// Who dies in between leaves an event that is logged twice.
    package func flush(to log: AuditLog, at now: Timestamp, before deadline: Deadline) throws(AuditError)
        -> (logged: Int, stuck: [String])
    {
        var logged = 0
        var stuck: [String] = []
        let names = try AuditLog.files { () throws(UnixError) in try Files.names(in: directory) }
        for name in names where !name.hasSuffix(".new") {
            let file = "\(directory)/\(name)"
            guard let event = Self.event(file), try append(event, to: log, at: now, before: deadline) else {
                stuck.append(file)
                continue
            }
            _ = try AuditLog.files { () throws(UnixError) in try Files.remove(file) }
            logged += 1
        }
        return (logged, stuck)
    }

    /// False where no line may be as long as the event's.
    private func append(
        _ event: AuditEvent, to log: AuditLog, at now: Timestamp, before deadline: Deadline
    ) throws(AuditError) -> Bool {
        do throws(AuditError) {
            try log.append(event, at: now, before: deadline)
            return true
        } catch {
            if case .tooLong = error { return false }
            throw error
        }
    }

    /// Nil for what cannot be read and what we have not written.
    private static func event(_ file: String) -> AuditEvent? {
        guard let bytes = try? Files.read(file, limit: AuditLine.limit),
            let value = try? JSON(parsing: bytes),
            let name = value["event"]?.text.flatMap({ AuditEvent.Name(rawValue: $0) }),
            let happened = value["happened"], let fields = value["fields"]?.members
        else { return nil }
        return AuditEvent(name, fields + [.init("happened", happened)])
    }
}

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

    /// Logs what has been kept, with the moment when it happened beside that of its line; how many.
    ///
    /// Who dies in between leaves an event that is logged twice.
    package func flush(to log: AuditLog, at now: Timestamp, before deadline: Deadline) throws -> Int {
        let names = try Files.names(in: directory).filter { !$0.hasSuffix(".new") }
        for name in names {
            let file = "\(directory)/\(name)"
            if let event = try Self.event(try Files.read(file, limit: AuditLine.limit)) {
                try log.append(event, at: now, before: deadline)
            }
            try Files.remove(file)
        }
        return names.count
    }

    /// Nil for what we have not written.
    private static func event(_ bytes: [UInt8]) throws(JSONError) -> AuditEvent? {
        let value = try JSON(parsing: bytes)
        guard let name = value["event"]?.text.flatMap({ AuditEvent.Name(rawValue: $0) }),
            let happened = value["happened"], let fields = value["fields"]?.members
        else { return nil }
        return AuditEvent(name, fields + [.init("happened", happened)])
    }
}

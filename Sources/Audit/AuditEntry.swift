package import JSON
package import Job

/// One line of the log as it is read again.
package struct AuditEntry: Sendable {
    package let sequence: Int64
    package let time: Timestamp
    /// The word of `AuditEvent.Name`; a later version may have written others.
    package let event: String
    package let fields: JSON
}

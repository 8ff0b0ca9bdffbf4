/// What becomes of a machine whose image, endorser or list was revoked or denied after it started; each does more
/// than the one before.
package enum RevokedRule: String, Hashable, Sendable, CaseIterable, Codable, Comparable {
    /// It is told in the audit log, in syslog and in `job list`, and the job goes on.
    case report
    /// The job is told that it ends soon.
    case notice
    /// The machine is frozen and kept.
    case quarantine
    /// The machine is ended, and with it the job.
    case destroy

    package static func < (one: RevokedRule, other: RevokedRule) -> Bool {
        guard let one = allCases.firstIndex(of: one), let other = allCases.firstIndex(of: other) else {
            return false
        }
        return one < other
    }
}

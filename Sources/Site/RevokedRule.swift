/// What becomes of a machine whose image, endorser or list was revoked or denied after it started.
package enum RevokedRule: String, Hashable, Sendable, CaseIterable {
    /// It is told in the audit log, in syslog and in `job list`, and the job goes on.
    case report
    /// The job is told that it ends soon.
    case notice
    /// The machine is frozen and kept.
    case quarantine
    /// The machine is ended, and with it the job.
    case destroy

    /// Those that this release can do.
    static let able: [RevokedRule] = [.report, .destroy]
}

extension RevokedRule {
    /// Refuses what is not done yet rather than do less.
    init?(_ section: Section, _ key: String) throws(SiteFault) {
        guard let rule = try section.choice(key, RevokedRule.self) else { return nil }
        guard Self.able.contains(rule) else {
            throw section.fault(
                at: key,
                "is '\(rule.rawValue)', which this release cannot do: it must be one of "
                    + Self.able.map(\.rawValue).joined(separator: ", "))
        }
        self = rule
    }
}

package import Job
package import Site

/// What one look at a running machine leads to.
///
/// What was found is told once, and what the site wants is done once: an operator who resumes a machine or lets a
/// job go on after a notice has the last word, until the site wants more.
package struct RevocationStep: Hashable, Sendable {
    /// Whether what was found is news.
    package let isNews: Bool
    /// What is to be done now.
    package let action: RevokedRule?

    /// - Parameters:
    ///   - found: why the machine would not start now.
    ///   - rule: what the site wants then.
    ///   - told: what was told of it before.
    ///   - done: the most that was done about it before.
    package init(_ found: Revocation?, rule: RevokedRule, told: Refusal?, done: RevokedRule?) {
        isNews = found?.refusal.name != told?.name
        let wanted = found.map { $0.isCertain ? rule : .report } ?? .report
        action = wanted > (done ?? .report) ? wanted : nil
    }
}

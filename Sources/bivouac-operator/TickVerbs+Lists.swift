import Batch
import Command
import JobMachine
import ListRefresh
import Site
import Unix

extension Verbs {
    /// Tells of machines that would not start any more, and of those that would again.
    static func recheck(_ tool: Tool, _ site: Site, _ deadline: Deadline) throws -> [String] {
        let ending = Ending(site: site, places: tool.places, clock: { tool.now })
        let outcomes = try Revocations(ending).run(before: deadline)
        let lines = outcomes.map(line)
        let failures = outcomes.compactMap { outcome in outcome.failure.map { "job \(outcome.job): \($0)" } }
        guard failures.isEmpty else {
            throw Failure(ExitStatus.unavailable, (failures + lines).joined(separator: "; "))
        }
        return lines
    }

    private static func line(_ outcome: Revocations.Outcome) -> String {
        guard let refusal = outcome.refusal else { return "job \(outcome.job) would be admitted again" }
        let what =
            switch outcome.action {
            case .destroy: "its machine was ended"
            case .quarantine: "its machine stands still, under quarantine"
            case .notice: "it was told that it ends soon"
            case .report, nil: "it goes on (revoked = in site.toml)"
            }
        return "job \(outcome.job) would not be admitted any more: \(refusal); \(what)"
    }

    /// A list that stays away is no fault of this node: it is told, and tried again.
    static func refresh(_ tool: Tool, _ site: Site, _ deadline: Deadline) -> [String] {
        ListRefresher(site: site, places: tool.places, clock: { tool.now }).refreshDue(before: deadline)
            .filter { $0.outcome != .unchanged }
            .map { "list \(line($0))\($0.failure.map { "; \($0)" } ?? "")" }
    }
}

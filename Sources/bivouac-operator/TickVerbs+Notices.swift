import Batch
import Command
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    /// Tells payloads of time limits that changed, of a node that drains, and of notices that could not be told
    /// before.
    static func follow(
        _ tool: Tool, _ site: Site, _ states: [JobID: JobState], _ deadline: Deadline
    ) throws -> [String] {
        let outcomes = try Notices(places: tool.places, clock: { tool.now }).follow(
            states, node: drainState(site, states), before: deadline)
        if let failed = outcomes.first(where: { $0.failure != nil }) {
            throw Failure(ExitStatus.unavailable, "job \(failed.job): \(failed.failure ?? "")")
        }
        return outcomes.map { outcome in
            let moment = outcome.told.map { "by \($0)" } ?? "at no time"
            return "job \(outcome.job) was told that it has to be over \(moment)"
        }
    }

    /// Asks for the node only where the site has a rule for it and a job runs.
    private static func drainState(_ site: Site, _ states: [JobID: JobState]) -> DrainState {
        guard let span = site.drain else { return .inService }
        guard states.values.contains(where: { $0.stage == .running }),
            let node = try? Scheduler.commands(of: site.origin).node(localNode)
        else { return .unknown }
        return node.isDrained ? .drained(span) : .inService
    }

    /// This node as the batch system calls it.
    static var localNode: String { String(Process.system.host.prefix { $0 != "." }) }
}

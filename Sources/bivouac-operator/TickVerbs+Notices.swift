import Batch
import Command
import Job
import JobMachine
import Unix

extension Verbs {
    /// Tells payloads of time limits that changed, and of notices that could not be told before.
    static func follow(_ tool: Tool, _ states: [JobID: JobState], _ deadline: Deadline) throws -> [String] {
        let outcomes = try Notices(places: tool.places, clock: { tool.now }).follow(states, before: deadline)
        if let failed = outcomes.first(where: { $0.failure != nil }) {
            throw Failure(ExitStatus.unavailable, "job \(failed.job): \(failed.failure ?? "")")
        }
        return outcomes.map { outcome in
            let moment = outcome.told.map { "by \($0)" } ?? "at no time"
            return "job \(outcome.job) was told that it has to be over \(moment)"
        }
    }
}

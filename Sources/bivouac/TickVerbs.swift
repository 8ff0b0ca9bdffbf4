import Batch
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let tick = [
        Verb("tick", "", "", "reaps strays; for HealthCheckProgram or a timer, ends within 20 s", words: 0...0, run: tick)
    ]

    private static func tick(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let deadline = Deadline(seconds: 20)
        guard let lock = try FileLock.tryAcquire(tool.places.tickLock) else { return ExitStatus.success }
        defer { withExtendedLifetime(lock) {} }
        let ending = Ending(site: try tool.site(), places: tool.places, clock: { tool.now })
        let outcomes = try Reaper(ending).run(
            commands: { SlurmCommand(configuration: $0) }, before: deadline)
        for outcome in outcomes {
            let text = outcome.failure.map { "could not reap \(outcome.name): \($0)" } ?? "reaped \(outcome.name)"
            SystemLog.write(outcome.failure == nil ? .notice : .error, text)
            Process.report("bivouac: \(text)")
        }
        return outcomes.contains { $0.failure != nil } ? ExitStatus.unavailable : ExitStatus.success
    }
}

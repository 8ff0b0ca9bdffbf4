import Synchronization
import Testing

/// A test's time at the gate, and what it submitted meanwhile: it ends with everything gone.
enum Scope {
    @TaskLocal static var ledger: Ledger?

    /// Runs the body when the gate lets it pass; afterwards its jobs are ended and must have left nothing.
    static func run<Result: Sendable>(
        _ pass: Gate.Pass, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        _ = try await Cluster.ready()
        await Gate.shared.enter(pass)
        let ledger = Ledger()
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await $ledger.withValue(ledger) { try await body() })
        } catch {
            result = .failure(error)
        }
        do {
            try await ledger.settle()
            if pass == .alone {
                do {
                    try await Leftovers.expectNone()
                } catch {
                    try await Node.recover()
                    throw error
                }
            }
        } catch {
            Issue.record("could not settle: \(error)")
        }
        await Gate.shared.leave(pass)
        return try result.get()
    }
}

/// The jobs of one test.
final class Ledger: Sendable {
    private let jobs = Mutex<[SlurmJob]>([])

    func add(_ job: SlurmJob) { jobs.withLock { $0.append(job) } }

    /// Ends what still runs; what is left of any job then is an issue.
    func settle() async throws {
        for job in jobs.withLock({ $0 }) {
            if try await !job.isOver { try await job.cancel() }
        }
        for job in jobs.withLock({ $0 }) {
            try await eventually("the end of job \(job.id)", within: 90) { try await job.isOver ? true : nil }
            for key in try await job.keys {
                let left = try await Leftovers.of(key)
                if !left.isEmpty { Issue.record("job \(key) left \(left.joined(separator: ", "))") }
            }
            try await job.removeFiles()
        }
    }
}

/// Runs each test of a suite, or a test, through the gate.
struct MachineTrait: TestTrait, SuiteTrait, TestScoping {
    let pass: Gate.Pass
    let isRecursive = true

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Scope.run(pass) { try await function() }
    }
}

extension Trait where Self == MachineTrait {
    /// The test boots a machine or two.
    static var boots: Self { MachineTrait(pass: .busy) }
    /// The test has a machine that mostly waits.
    static var waits: Self { MachineTrait(pass: .idle) }
    /// The test runs when no other does.
    static var alone: Self { MachineTrait(pass: .alone) }
}

extension Trait where Self == ConditionTrait {
    /// The test needs root and the cluster that `Tests/run` brings up.
    static var needsCluster: Self {
        .enabled(
            if: Cluster.root != nil,
            "needs the cluster of Tests/run: root, and its directory in BIVOUAC_TEST_ROOT")
    }
}

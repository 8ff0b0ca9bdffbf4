import Foundation
import Testing

/// One program of a job, tampered with at many moments, a job each; counts what was tried and what was left.
struct Sweep {
    let room: MachineRoom
    /// What is swept over, for the one line that is printed.
    let title: String
    private var number: Int
    private var tried = 0
    private var missed = 0
    private var left = 0
    private let began = ContinuousClock.now

    init(_ title: String, in room: MachineRoom, firstJob: Int) {
        self.title = title
        self.room = room
        number = firstJob
    }

    /// Who comes after a death.
    enum Successor: CaseIterable {
        case epilogue, tick
        /// slurmd, started anew, runs the prologue again, and a launcher comes before the epilogue.
        case prologue

        /// Those that end what they find.
        static let endings = [epilogue, tick]
    }

    /// What a program does on its way when nothing happens to it.
    static func trace(_ program: [String], _ job: JobOnNode, in room: MachineRoom) async throws -> Trace {
        let path = room.node.path("trace")
        let run = try await room.run(Trace.recording(path) + program, job)
        guard run.status == 0 else { throw Harness.error("\(program[0]) under strace: \(run.errors)") }
        return try Trace(path)
    }

    /// A job of its own for the next moment.
    mutating func nextJob() -> JobOnNode {
        let room = room
        return nextJob { room.job($0) }
    }

    /// Like `nextJob`, for a job of another kind.
    mutating func nextJob(_ make: (Int) -> JobOnNode) -> JobOnNode {
        number += 1
        tried += 1
        return make(number)
    }

    /// Counts a moment that the program did not come by this time.
    mutating func miss() { missed += 1 }

    /// Lets somebody come after the death, and expects nothing of the job but its evidence.
    mutating func settle(
        _ job: JobOnNode, by successor: Successor, _ what: String, served phase: String = "running"
    ) async throws {
        if successor == .prologue {
            let prologue = try await room.prologue(job)
            #expect(prologue.status == 0, "\(title), \(what): prologue: \(prologue.errors)")
            let seen = try await room.look(job)
            #expect(seen == phase, "\(title), \(what), then prologue: what the launcher sees")
            let line = phase == "running" ? "ready" : "refusal"
            let isTold = room.audit().contains {
                $0.event == line && $0.fields["job"] as? String == "t-\(job.id)"
            }
            #expect(isTold, "\(title), \(what), then prologue: no \(line) in the audit log")
        }
        let outcome = successor == .tick ? try await room.tick() : try await room.epilogue(job)
        #expect(outcome.status == 0, "\(title), \(what): \(successor): \(outcome.errors)")
        try await expectNothing(of: job, "\(what), then \(successor)")
    }

    /// Records what is left of the job and takes it away for those that follow.
    mutating func expectNothing(of job: JobOnNode, _ what: String) async throws {
        var found = try room.leftovers(of: job)
        if !found.isEmpty {
            left += found.count
            Issue.record("\(title), \(what): left: \(found.joined(separator: "; "))")
            try await room.epilogue(job)
            try await room.tick()
            found = try room.leftovers(of: job)
            if !found.isEmpty { Issue.record("for good: \(found.joined(separator: "; "))") }
        }
        let unexplained = try room.unexplained(job)
        #expect(unexplained == [], "\(title), \(what): machines without start or end state")
    }

    /// Prints the one line, and expects that a tick sweeps what was begun, a whole audit log with an end to each start,
    /// and that most moments were met.
    func finish() async throws {
        let seconds = (ContinuousClock.now - began).components.seconds
        print("\(title): \(tried) points tried, \(missed) not met, \(left) leftovers, \(seconds) s")
        #expect(tried > 0 && missed * 5 <= tried, "\(title): \(missed) of \(tried) moments were not met")
        let tick = try await room.tick()
        #expect(tick.status == 0, "\(tick.errors)")
        #expect(room.unfinished() == [], "\(title): start states that nobody writes any more")
        #expect(try room.misreported() == [], "\(title): no one end to each start in the audit log")
        let audit = try await room.run([Built.bivouac, "audit", "verify"])
        #expect(audit.status == 0, "\(audit.errors)\(audit.text)")
    }
}

import Foundation
import Unix

/// What the controller says of a job.
struct JobState: Hashable, Sendable {
    var id: Int
    /// The array that it is a task of, and which; its own id when it is of none.
    var array: Int
    var task: Int?
    /// Slurm's word for it.
    var word: String
    /// As wait(2) gives it.
    var status: Int
    var restarts: Int
    var reason: String

    var exitCode: Int { status >> 8 & 0xFF }
    var signal: Int { status & 0x7F }

    /// Nothing of it runs any more, nor will.
    var isOver: Bool {
        [
            "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "DEADLINE",
            "OUT_OF_MEMORY",
        ].contains(word)
    }
}

/// All jobs of the cluster, asked for once for all tests that wait.
actor JobTable {
    static let shared = JobTable()

    /// Milliseconds for which an answer is good.
    private static let age: Int64 = 300
    private var answer: [JobState] = []
    private var moment: Int64 = .min
    private var question: Task<[JobState], any Error>?

    /// The jobs as they were at most a third of a second ago; `fresh` asks after the call.
    func jobs(fresh: Bool = false) async throws -> [JobState] {
        if !fresh, moment > Deadline.now - Self.age { return answer }
        if let question { return try await question.value }
        let question = Task { try await Self.ask() }
        self.question = question
        defer { self.question = nil }
        answer = try await question.value
        moment = Deadline.now
        return answer
    }

    private static func ask() async throws -> [JobState] {
        let columns = "JobID:12,ArrayJobID:12,ArrayTaskID:12,State:16,exit_code:10,RestartCnt:8,Reason:120"
        let answer = try await Command.require(
            ["/usr/bin/squeue", "--noheader", "--states=all", "--Format=" + columns],
            environment: Cluster.slurmEnvironment)
        return answer.text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 6).map(String.init)
            guard words.count == 7, let id = Int(words[0]), let array = Int(words[1]),
                let status = Int(words[4]),
                let restarts = Int(words[5])
            else { return nil }
            return JobState(
                id: id, array: array, task: Int(words[2]), word: words[3], status: status, restarts: restarts,
                reason: words[6].trimmingCharacters(in: .whitespaces))
        }
    }
}

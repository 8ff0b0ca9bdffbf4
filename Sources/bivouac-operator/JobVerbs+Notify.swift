import Batch
import Command
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let notify = Verb(
        "job", "notify", "JOB --in TIME --reason TEXT | JOB --withdraw --reason TEXT",
        "tells its payload by when it has to be over, or that this is not so any more", words: 1...1,
        flags: ["withdraw"], options: ["in", "reason"],
        notes: """
            TIME is a number and s, m, h or d. The payload reads the moment in shutdowntime_job, never nearer than
            'grace' of its queue, gets 'notice_signal' and a line on its stderr. Nothing ends the job by itself.
            """, run: notify)

    private struct Told: Encodable {
        let job: String
        /// The moment that the payload knows; null for none.
        let shutdown: Timestamp?
        let isPaused: Bool
    }

    private static func notify(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let key = try tool.key(arguments.words[0])
        let span = arguments["in"].map { TimeSpan.seconds($0) }
        guard let reason = arguments["reason"], isLine(reason), (span != nil) != arguments.has("withdraw"),
            span != .some(nil)
        else {
            throw Failure(
                ExitStatus.usage,
                "say --reason TEXT of one line and either --in TIME, like 10m, or --withdraw")
        }
        guard var live = try LiveJob.open(key, places: tool.places, before: Deadline(seconds: 10)) else {
            throw Failure(ExitStatus.dataRefused, "job \(key) has no machine on this node")
        }
        let told = try Notices(places: tool.places, clock: { tool.now }).tell(
            &live, end: span.flatMap { $0 }.map { tool.now + $0 }, reason: reason, by: tool.author)
        let answer = Told(job: key.description, shutdown: told, isPaused: live.record.phase == .paused)
        let moment = told.map { "by \($0)" } ?? "at no time"
        try tool.show(
            answer,
            "the payload of job \(key) knows that it has to be over \(moment)"
                + (answer.isPaused ? "; it is paused and is told what is new when it goes on" : ""))
        return ExitStatus.success
    }

    private static func isLine(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }
}

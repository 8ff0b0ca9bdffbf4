import Batch
import Command
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let pause = [
        Verb(
            "job", "suspend", "JOB", "stops its machine's CPUs; the job's time goes on", words: 1...1,
            run: suspend),
        Verb(
            "job", "resume", "JOB", "undoes suspend or quarantine, and puts the guest's clock right",
            words: 1...1, run: resume),
        Verb(
            "job", "quarantine", "JOB --reason TEXT [--memory]",
            "freezes its machine, cuts its network and puts its evidence on hold", words: 1...1,
            flags: ["memory"], options: ["reason"],
            notes: """
                With --memory the guest's memory is written beside the start state: as much disk as the machine has
                memory, and whatever the job held in it. The frozen job's time goes on; at its end overlay,
                console and memory are kept, on hold, and the machine is destroyed. `bivouac job resume` undoes it
                before that, `bivouac evidence release` ends the hold after it.
                """,
            run: quarantine),
        Verb(
            "job", "top", "JOB", "what runs in its guest, as the guest says (untrusted)", words: 1...1,
            run: top),
    ]

    static func pause(_ tool: Tool) throws -> Pause {
        Pause(Ending(site: try tool.site(), places: tool.places, clock: { tool.now }))
    }

    /// The job under its lock; somebody else at work on it is waited for.
    static func open(_ tool: Tool, _ word: String) throws -> LiveJob {
        let key = try tool.key(word)
        guard let live = try LiveJob.open(key, places: tool.places, before: Deadline(seconds: 10)) else {
            throw Failure(ExitStatus.dataRefused, "job \(key) has no machine on this node")
        }
        return live
    }

    private static func suspend(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        var live = try open(tool, arguments.words[0])
        try pause(tool).suspend(&live, by: tool.author)
        try tool.show(["phase": live.record.phase.rawValue], "")
        return ExitStatus.success
    }

    private static func resume(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        var live = try open(tool, arguments.words[0])
        let clock = try pause(tool).resume(&live, by: tool.author)
        try tool.show(["phase": live.record.phase.rawValue], "")
        guard case .wrong(let why) = clock else { return ExitStatus.success }
        throw Failure(
            ExitStatus.unavailable, "the machine runs, but its clock lags by the time it stood still: \(why)")
    }

    private static func quarantine(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard let reason = arguments["reason"], !reason.isEmpty, reason.utf8.count <= 500 else {
            throw Failure(ExitStatus.usage, "a quarantine needs --reason TEXT, of at most 500 bytes")
        }
        var live = try open(tool, arguments.words[0])
        try pause(tool).quarantine(
            &live, Pause.Order(reason: reason, author: tool.author, memory: arguments.has("memory")))
        try tool.show(
            ["phase": live.record.phase.rawValue, "evidence": live.record.evidence],
            "frozen and on hold: \(live.record.evidence ?? "no evidence")")
        return ExitStatus.success
    }
}

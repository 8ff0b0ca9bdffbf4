import Batch
import Command
import JSON
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static let replay = [
        Verb(
            "evidence", "replay", "JOB|PATH [--for 10m]",
            "boots a start state again, without network and payload, and shows its console", words: 1...1,
            options: ["for"],
            notes: """
                The machine has the image, context and description of then, a new overlay, and no time of any job:
                it takes the node's memory beside them. It ends with Ctrl-C, or when its time is over, and leaves
                nothing.
                """,
            run: replay)
    ]

    private static func replay(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        guard let seconds = TimeSpan.seconds(arguments["for"] ?? "10m"), (1...86_400).contains(seconds) else {
            throw Failure(ExitStatus.usage, "--for is a time such as 10m, of at most 1d")
        }
        let path = try startState(tool, arguments.words[0])
        let ending = Ending(site: try tool.site(), places: tool.places, clock: { tool.now })
        // Before there is anything that a signal could leave behind.
        let signals = try SignalQueue([Signals.interrupt, Signals.terminate, Signals.hangUp])
        let replay = try Replay.start(path, by: tool.author, ending, before: Deadline(seconds: 60))
        let file = replay.directory.console
        Process.report("bivouac: \(path) runs again as domain \(replay.domain); its console is \(file)")
        var console = ConsoleText(file)
        let deadline = Deadline(seconds: Int(seconds))
        var failure: (any Error)?
        do {
            while !deadline.isOver, signals.next() == nil, try replay.isRunning() {
                Process.print(try console.next() ?? "")
                var poll = Poll()
                poll.add(signals.rawValue, .readable)
                // The signal itself is taken by `next`.
                poll.wait(milliseconds: min(500, deadline.milliseconds))
            }
            Process.print(try console.next() ?? "")
        } catch { failure = error }
        try replay.end()
        try act(tool, "evidence replay ended", [.init("evidence", .string(path))])
        if let failure { throw failure }
        return ExitStatus.success
    }

    /// The one start state that a word names.
    private static func startState(_ tool: Tool, _ word: String) throws -> String {
        let paths = try paths(tool, word)
        guard paths.count == 1 else {
            throw Failure(ExitStatus.dataRefused, "name one of \(paths.joined(separator: ", "))")
        }
        return paths[0]
    }
}

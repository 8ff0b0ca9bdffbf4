import Batch
import Command
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    static func console(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let record = try record(tool, arguments)
        guard let name = record.machineName else {
            throw Failure(ExitStatus.dataRefused, "the record is damaged")
        }
        let lines = Int(arguments["lines"] ?? "\(Int.max)")
        guard let lines, lines >= 0, !(tool.json && arguments.has("follow")) else {
            throw Failure(ExitStatus.usage, "--lines is a number, and --follow does not go with --json")
        }
        let file = tool.places.machine(name).console
        var console = ConsoleText(file)
        var text = ""
        while case let more = try console.next(), !more.isEmpty, text.utf8.count < 16 << 20 { text += more }
        let last = text.split(separator: "\n", omittingEmptySubsequences: false).suffix(max(1, lines))
            .joined(separator: "\n")
        try tool.show(["untrusted": last], last)
        // The file goes with the machine.
        while arguments.has("follow"), Files.exists(file) {
            Process.print(try console.next())
            Deadline.sleep(milliseconds: 200)
        }
        return ExitStatus.success
    }
}

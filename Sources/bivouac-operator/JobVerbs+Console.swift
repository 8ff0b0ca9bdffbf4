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
        var console = ConsoleText(file, last: 16 << 20)
        var text = ""
        while let more = try console.next() { text += more }
        let last = text.split(separator: "\n", omittingEmptySubsequences: false).suffix(max(1, lines))
            .joined(separator: "\n")
        try tool.show(["untrusted": last], "(untrusted: what the guest printed)\n" + last)
        // The file goes with the machine.
        while arguments.has("follow"), Files.exists(file) {
            if let more = try console.next() {
                Process.print(more)
            } else {
                Deadline.sleep(milliseconds: 200)
            }
        }
        return ExitStatus.success
    }
}

import Batch
import Command
import GuestProtocol
import Job
import JobMachine
import Site
import Unix

extension Verbs {
    private struct Row: Encodable {
        let process: Int32
        let parent: Int32
        let uid: UInt32
        let state: String
        let seconds: Double
        let kibibytes: UInt64
        let command: String

        init(_ row: ProcessList.Row) {
            process = row.process
            parent = row.parent
            uid = row.uid
            state = String(Character(Unicode.Scalar(row.state)))
            seconds = Double(row.processorTime) / 1000
            kibibytes = row.memory
            command = row.command
        }

        var cells: [String] {
            ["\(process)", "\(parent)", "\(uid)", state, "\(seconds)", "\(kibibytes)", command]
        }
    }

    private struct Untrusted: Encodable {
        let untrusted: [Row]
        /// Processes that are left out.
        let omitted: Int
    }

    /// Under the job's lock, since one caller at a time has the control port.
    static func top(_ tool: Tool, _ arguments: Arguments) throws -> Int32 {
        try tool.requireRoot()
        let live = try open(tool, arguments.words[0])
        guard live.record.phase == .running else {
            throw Failure(
                ExitStatus.dataRefused, "job \(live.key) is not running: it is \(live.record.phase.rawValue)")
        }
        let port = try ControlPort.connect(live.directory.controlSocket)
        let list: ProcessList
        switch try port.processes(before: Deadline(seconds: 10)) {
        case .value(let value): list = value
        case .closed: throw Failure(ExitStatus.unavailable, "the machine has ended")
        case .malformed(let what): throw Failure(ExitStatus.dataRefused, "the agent's answer: \(what)")
        case .silent: throw Failure(ExitStatus.unavailable, "the agent did not answer within 10 s")
        }
        let rows = list.rows.map(Row.init)
        let omitted = max(0, Int(list.total) - rows.count)
        try tool.show(
            Untrusted(untrusted: rows, omitted: omitted),
            "(untrusted: what the guest says)\n"
                + Table.text(
                    ["PID", "PARENT", "UID", "STATE", "SECONDS", "KIB", "COMMAND"], rows.map(\.cells))
                + (omitted > 0 ? "and \(omitted) more\n" : ""))
        return ExitStatus.success
    }
}

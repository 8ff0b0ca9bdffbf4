internal import GuestProtocol
internal import Job
internal import Unix

/// The agent as a program: `bivouac-guest ASSIGNMENT`, run once by the machine's contextualisation as root.
package enum AgentProgram {
    package static let version = "1"

    /// Returns only if it could not begin, with the exit status.
    package static func run(assignment path: String) -> Int32 {
        Process.sanitise()
        Process.leadSession()
        Process.setFileModeMask(0o022)
        // A writer may fill its pipe before the agent empties it: far fewer changes from one to the other.
        Scheduling.yieldToOthers()
        // The machine may run short of memory; the agent goes last.
        try? FileDescriptor.open("/proc/self/oom_score_adj", .write).write("-900")
        var console = Console(path: "/dev/console")
        do throws(AgentError) {
            try serve(path, &console)
        } catch {
            if error != .alreadyRunning { console.say("agent: \(error)") }
            return error == .alreadyRunning ? 0 : 70
        }
    }

    private static func serve(_ path: String, _ console: inout Console) throws(AgentError) -> Never {
        let deadline = Deadline(seconds: 60)
        let control = try VirtioPorts.open("org.bivouac.control", before: deadline)
        let payload = try VirtioPorts.open("org.bivouac.payload", before: deadline)
        let assignment = try read(path)
        var household = Household(assignment)
        try household.prepare(&console)
        let account = assignment.account
        let ready = Ready(agent: version, kernel: Process.system.release, uptime: Machine.uptime)
        console.say("agent \(version) ready for job \(assignment.key)")
        let surroundings = Agent.Surroundings(
            identity: Identity(uid: account.uid, gid: account.gid, groups: account.groups.map(\.gid)),
            variables: household.variables, features: household.features, grace: assignment.grace,
            program: "/proc/self/exe", directory: Household.directory, ready: ready)
        // A second console: the first is the caller's, for what may still fail here.
        do throws(UnixError) {
            var agent = try Agent(
                control: control, payload: payload, console: Console(path: "/dev/console"),
                surroundings: surroundings)
            while true { agent.step() }
        } catch { throw .failed("ports", error) }
    }

    private static func read(_ path: String) throws(AgentError) -> Assignment {
        let bytes = try AgentError.during(path) { () throws(UnixError) in
            try Files.read(path, limit: Assignment.longest)
        }
        do throws(AssignmentError) {
            return try Assignment(parsing: bytes)
        } catch { throw .assignment(error.description) }
    }
}

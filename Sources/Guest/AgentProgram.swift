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
        // What it does with a user's rights it is to do with no others.
        try? FileSystemIdentity.forgetGroups()
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
        let identity = Identity(uid: account.uid, gid: account.gid, groups: account.groups.map(\.gid))
        var directory: PayloadDirectory?
        if household.hasPayloadDirectory {
            directory = try? PayloadDirectory.make(in: PayloadDirectory.place, for: identity)
        }
        let variables = household.publish(directory)
        let ready = Ready(
            agent: version, kernel: Process.system.release, uptime: Machine.uptime,
            listening: ListeningSocket.line(ListeningSocket.all()))
        console.say("agent \(version) ready for job \(assignment.key)")
        let surroundings = Agent.Surroundings(
            identity: identity, variables: variables, environment: assignment.environment,
            features: household.features,
            grace: assignment.grace, listening: assignment.listening, payload: assignment.payload,
            program: "/proc/self/exe", directory: Household.memory, ready: ready,
            unmet: household.unmet,
            isAttached: assignment.hasUserDisk || assignment.shares.contains { !$0.readOnly })
        // A second console: the first is the caller's, for what may still fail here.
        do throws(UnixError) {
            var agent = try Agent(
                control: control, payload: payload, console: Console(path: "/dev/console"),
                directory: directory,
                shutdown: assignment.payload == .image ? try SignalQueue([Signals.terminate]) : nil,
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

package import Batch
package import Job
package import Site
internal import Unix

/// The frame of a program that a batch system calls as root: known surroundings before, the meaning of what happened
/// after.
package enum HookProgram {
    /// Runs a hook and returns its exit status; `body` returns why the job gets no machine, if that is so.
    ///
    /// What the status tells the batch system is said on standard error as well, which is the batch system's log or
    /// the job's own file; the system's log has every fault.
    package static func run(
        _ moment: HookCall.Moment,
        _ body: (
            _ hook: any BatchHook, _ places: Places, _ clock: @escaping () -> Timestamp
        ) throws -> Refusal?
    ) -> Int32 {
        // The arguments, the variables and the root are read before anything else can change them.
        let root = Process.environment("BIVOUAC_ROOT") ?? ""
        let call = HookCall.read(moment)
        Process.sanitise()
        Process.clearEnvironment()
        do {
            let hook = try call.hook.get()
            let refusal = try body(hook, Places(root: root)) { Timestamp(seconds: currentSeconds()) }
            let status = call.status(refusal == nil ? nil : .job)
            if let refusal, status != 0 { Process.report("bivouac: \(refusal)") }
            return status
        } catch {
            let line = "\(moment): \(error)"
            let status = call.status(blame(of: error))
            if status != 0 { Process.report("bivouac: \(line)") }
            SystemLog.write(.error, line)
            return status
        }
    }

    private static func blame(of error: any Error) -> Blame {
        switch error {
        case let fault as MachineFault: fault.blame
        case let error as BatchError: error.blame
        case is SiteError: .site
        default: .node
        }
    }
}

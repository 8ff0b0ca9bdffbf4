package import Batch
package import Job
package import Site
internal import Unix

/// The frame of a program that slurmd calls: known surroundings before, the meaning of a fault after.
package enum SlurmProgram {
    /// Runs a hook and returns its exit status; a fault is told in slurmd's log and the system's.
    package static func run(
        _ kind: Verdict.Hook, named name: String,
        _ body: (_ hook: SlurmHook, _ places: Places, _ clock: @escaping () -> Timestamp) throws -> Void
    ) -> Int32 {
        // slurmd's variables and the root are read before anything else can change them.
        let root = Process.environment("BIVOUAC_ROOT") ?? ""
        let read = Result { () throws(BatchError) in try SlurmHook { Process.environment($0) } }
        Process.sanitise()
        Process.clearEnvironment()
        do {
            let hook = try read.get()
            try body(hook, Places(root: root)) { Timestamp(seconds: currentSeconds()) }
            return Verdict.status(nil, of: kind)
        } catch {
            let line = "\(name): \(error)"
            Process.report("bivouac: \(line)")
            SystemLog.write(.error, line)
            return Verdict.status(blame(of: error), of: kind)
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

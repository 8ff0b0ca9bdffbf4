import Batch
import Glibc
import Job
import JobMachine
import Site
import Unix

exit(run())

/// Slurm's Prolog: the job of the environment gets its machine, or a record that says why not.
func run() -> Int32 {
    // slurmd's variables and the root are read before anything else can change them.
    let root = Unix.Process.environment("BIVOUAC_ROOT") ?? ""
    Unix.Process.sanitise()
    do {
        let hook = try SlurmHook { Unix.Process.environment($0) }
        Unix.Process.clearEnvironment()
        let places = Places(root: root)
        let site = try Site.load(places: places)
        let clock = { Timestamp(seconds: currentSeconds()) }
        let commands = SlurmCommand(configuration: hook.configuration)
        let job = try Slurm.job(hook, site: site, commands: commands, now: clock())
        let prologue = Prologue(site: site, places: places, programs: .installed, clock: clock) { comment in
            try commands.setAdminComment(comment, of: hook.job)
        }
        try prologue.run(job, slurmConfiguration: hook.configuration)
        return Verdict.status(nil, of: .slurmProlog)
    } catch let fault as MachineFault {
        return failed(fault.blame, "\(fault)")
    } catch let error as BatchError {
        return failed(error.blame, "\(error)")
    } catch let error as SiteError {
        return failed(.site, "\(error)")
    } catch {
        return failed(.node, "\(error)")
    }
}

/// Tells the operator, in slurmd's log and the system's.
func failed(_ blame: Blame, _ reason: String) -> Int32 {
    let line = "prologue: \(reason)"
    Unix.Process.report("bivouac: \(line)")
    SystemLog.write(.error, line)
    return Verdict.status(blame, of: .slurmProlog)
}

import Batch
import Glibc
import Job
import JobMachine
import Site
import Unix

exit(run())

/// Slurm's Epilog: ends the job's machine, whatever state it is in; a job that has none is a success.
func run() -> Int32 {
    let root = Unix.Process.environment("BIVOUAC_ROOT") ?? ""
    Unix.Process.sanitise()
    do {
        let hook = try SlurmHook { Unix.Process.environment($0) }
        Unix.Process.clearEnvironment()
        let places = Places(root: root)
        let site = try Site.load(places: places)
        guard let key = JobKey(cluster: site.cluster, job: hook.job) else { return ExitStatus.success }
        let epilogue = Epilogue(
            site: site, places: places, clock: { Timestamp(seconds: currentSeconds()) })
        try epilogue.run(key, attempt: hook.restarts, exit: hook.exit)
        return Verdict.status(nil, of: .slurmEpilog)
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
    let line = "epilogue: \(reason)"
    Unix.Process.report("bivouac: \(line)")
    SystemLog.write(.error, line)
    return Verdict.status(blame, of: .slurmEpilog)
}

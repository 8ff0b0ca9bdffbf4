// Slurm's Epilog: ends the job's machine, whatever state it is in; a job that has none is a success.
import Batch
import Glibc
import Job
import JobMachine
import Site

exit(
    SlurmProgram.run(.slurmEpilog, named: "epilogue") { hook, places, clock in
        let site = try Site.load(places: places, withLists: false)
        guard let key = JobKey(cluster: site.cluster, job: hook.job) else { return }
        try Epilogue(site: site, places: places, clock: clock).run(
            key, attempt: hook.restarts, exit: hook.exit)
    })

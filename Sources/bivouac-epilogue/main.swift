// A batch system's epilogue: ends the job's machine, whatever state it is in; a job that has none is a success.
import Batch
import Glibc
import Job
import JobMachine
import Site

exit(
    HookProgram.run(.epilogue) { hook, places, clock in
        let site = try Site.load(places: places, withLists: false)
        guard let key = JobKey(cluster: site.cluster, job: hook.job) else { return nil }
        try Epilogue(site: site, places: places, clock: clock).run(
            key, attempt: hook.attempt, exit: hook.exit)
        return nil
    })

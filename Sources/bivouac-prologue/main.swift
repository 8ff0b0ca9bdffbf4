// Slurm's Prolog: the job of the environment gets its machine, or a record that says why not.
import Batch
import Glibc
import JobMachine
import Policy

exit(
    SlurmProgram.run(.slurmProlog, named: "prologue") { hook, site, places, clock in
        let commands = SlurmCommand(configuration: hook.configuration)
        let job = try Slurm.job(hook, site: site, commands: commands, now: clock())
        var site = site
        site.addLists(for: job, from: places)
        let prologue = Prologue(site: site, places: places, programs: .installed, clock: clock) { comment in
            try commands.setAdminComment(comment, of: hook.job)
        }
        try prologue.run(job, slurmConfiguration: hook.configuration)
    })

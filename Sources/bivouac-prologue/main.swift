// Slurm's Prolog: the job of the environment gets its machine, or a record that says why not.
import Batch
import Glibc
import JobMachine
import Policy
import Site

exit(
    SlurmProgram.run(.slurmProlog, named: "prologue") { hook, places, clock in
        // While the controller looks up the job.
        let commands = SlurmCommand(configuration: hook.configuration)
        let granted = commands.askGrant(of: hook.job)
        var site = try Site.load(places: places, withLists: false)
        let libvirt = Result { () throws(MachineFault) in try NodeLibvirt.reach(site) }
        let job = try Slurm.job(hook, site: site, granted: granted, now: clock())
        site.addLists(for: job, from: places)
        let prologue = Prologue(site: site, places: places, programs: .installed, clock: clock) { comment in
            try commands.setAdminComment(comment, of: hook.job)
        }
        try prologue.run(job, on: libvirt, slurmConfiguration: hook.configuration)
    })

// A batch system's prologue: the job it tells of gets its machine, or a record that says why not.
import Batch
import Glibc
import JobMachine
import Policy
import Site

exit(
    HookProgram.run(.prologue) { hook, places, clock in
        // While the batch system looks up the job.
        let question = hook.ask()
        var site = try Site.load(places: places, withLists: false)
        let libvirt = Result { () throws(MachineFault) in try NodeLibvirt.reach(site) }
        let job = try question.job(site: site, now: clock())
        site.addLists(for: job, from: places)
        let prologue = Prologue(
            site: site, places: places, programs: .installed, clock: clock, annotate: hook.annotate)
        return try prologue.run(job, on: libvirt)
    })

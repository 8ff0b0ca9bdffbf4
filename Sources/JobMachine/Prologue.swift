internal import ImageStore
package import Job
package import Site
internal import Unix

/// What happens between the allocation of a job and its first process: from a job to a machine whose agent
/// waits for the payload.
///
/// It may die at any step: the record says how far it came, and whoever comes next ends what is there.
package struct Prologue {
    let site: Site
    let places: Places
    let programs: Programs
    let clock: () -> Timestamp
    let annotate: (String) throws -> Void

    /// `programs` says where the installed programs are, `clock` is read once at each step, and `annotate` puts
    /// a line into the job's accounting record.
    package init(
        site: Site, places: Places, programs: Programs, clock: @escaping () -> Timestamp,
        annotate: @escaping (String) throws -> Void
    ) {
        self.site = site
        self.places = places
        self.programs = programs
        self.clock = clock
        self.annotate = annotate
    }

    /// Makes the job's machine, or writes down why it gets none.
    ///
    /// A refused job is no error: its launcher tells the reason, and it is returned for a batch system that can
    /// end the job here. What is thrown is the node's or site's fault.
    ///
    /// A libvirt that was not reached matters from the moment on that the job is to get a machine.
    package func run(
        _ job: Job, on libvirt: consuming Result<NodeLibvirt, MachineFault>
    ) throws(MachineFault) -> Refusal? {
        let deadline = Deadline(seconds: site.prologueTimeout)
        let fresh = Deadline(seconds: 5)
        // 1. The job's directory, lock and record; what an earlier start left is ended.
        guard var live = try accept(job, before: deadline) else {
            return try LiveJob.peek(job.key, places: places)?.refusal
        }
        do {
            // 2. May this image run for this job?
            let admission = try admit(job, &live)
            // 3. The verified file of the image, fetched if this node has not seen it.
            let image = try open(admission, for: job, before: deadline)
            // 4. An account and CPUs of the node, overlay, context and tools volume.
            let parts = try prepare(job, admission, image, &live, before: deadline)
            // 5. The start state, durable before there is anything to explain.
            let libvirt = try take(libvirt, before: fresh)
            try recordStart(job, admission, image.image, parts, on: libvirt, &live)
            // 6. libvirt runs the machine on the very file that was verified.
            try start(parts, image, on: libvirt.connection, &live)
            // 7. While it boots: the accounting record says what the job runs on.
            account(for: live.record)
            // 8. The agent waits for the payload; the launcher may come.
            try awaitAgent(job, &live, before: deadline)
            return nil
        } catch {
            return try abandon(live, of: job, for: error)
        }
    }

    /// While an image was fetched libvirt may have been started anew: then it is reached once more.
    private func take(
        _ libvirt: consuming Result<NodeLibvirt, MachineFault>, before deadline: Deadline
    ) throws(MachineFault) -> NodeLibvirt {
        if deadline.isOver { return try NodeLibvirt.reach(site) }
        return try libvirt.get()
    }

    /// Accounting is a help, not a promise: a controller that is busy takes no node out of service.
    private func account(for record: Record) {
        guard let image = record.image else { return }
        do {
            try annotate(
                "bivouac image=\(image.name) version=\(image.version) sha512=\(image.sha512) "
                    + "vo=\(image.vo) endorser=\(image.endorser) uuid=\(record.uuid)")
        } catch {
            SystemLog.write(
                .warning, "job \(record.key): its image is not in the accounting record: \(error)")
        }
    }
}

import Batch
import GuestProtocol
import ImageStore
import Job
import JobContext
import Libvirt
import Policy
import Site
import Unix

extension Prologue {
    /// Gives the machine its share of the node and makes its files; nothing runs yet.
    func prepare(
        _ job: Job, _ admission: Admission, _ image: borrowing VerifiedImage, _ live: inout LiveJob,
        before deadline: Deadline
    ) throws(MachineFault) -> MachineParts {
        let files = try files(of: job)
        let machine = try claim(job, files, &live, before: deadline)
        let name = MachineName(key: job.key, attempt: live.record.attempt)
        let directory = places.machine(name)
        try atNode("could not make \(directory.path)") { () throws(UnixError) in
            try Files.makeDirectories(places.state, mode: 0o755)
            try Files.makeDirectories(places.machines, mode: 0o711)
            try Files.removeTree(directory.path)
            // QEMU passes through to its overlay and to nothing that it could list.
            try Files.makeDirectory(directory.path, mode: 0o711)
        }
        try places.checkRoom()
        let overlay = try atNode("could not make the overlay") { () throws(ImageStoreError) in
            try Overlay.create(at: directory.overlay, over: image, uid: machine.uid, gid: machine.gid)
            return try Overlay.digest(of: directory.overlay)
        }
        if let size = files.userDisk {
            try UserDisk(job.account.uid, places).make(size, for: job.account, machine, before: deadline)
        }
        let shares = try serve(files, to: machine, directory, job, before: deadline)
        try context(job, admission, machine, name, live.record, shares, hasUserDisk: files.userDisk != nil)
        let tools = try atNode("could not make the agent's volume") { () throws(ContextError) in
            try ToolsVolume.current(agent: programs.guest, in: places.tools, before: deadline)
        }
        let xml = try describe(
            job, live.record, machine, files, image: (image.path, image.image.format), tools: tools.path)
        return MachineParts(
            name: name, xml: xml, toolsDigest: tools.digest, overlayDigest: overlay,
            userDisk: files.userDisk.map { _ in places.userDisk(job.account.uid).disk })
    }

    /// What the job's machine has of this node's files.
    func files(of job: Job) throws(MachineFault) -> HostFiles {
        do throws(Refusal) { return try HostFiles(job, site) } catch { throw .refused(error) }
    }

    /// Starts a server for each directory that the machine is to see; what the guest mounts, and where.
    private func serve(
        _ files: HostFiles, to machine: Record.Machine, _ directory: MachineDirectory, _ job: Job,
        before deadline: Deadline
    ) throws(MachineFault) -> [Assignment.Share] {
        var shares: [Assignment.Share] = []
        for (number, shared) in files.directories.enumerated() {
            // The job's processes find themselves where links lead; its script may know the other name.
            let place = try ShareServer(machine: directory, number: number).start(
                shared, for: job.account, programs.share, qemu: machine.uid, deadline)
            shares.append(
                .init(
                    tag: HostFiles.tag(number), paths: place == shared.path ? [place] : [place, shared.path],
                    readOnly: shared.readOnly))
        }
        return shares
    }

    /// Chooses account and CPUs under the node's lock, in which the record that names them becomes durable.
    private func claim(_ job: Job, _ files: HostFiles, _ live: inout LiveJob, before deadline: Deadline)
        throws(MachineFault) -> Record.Machine
    {
        let lock = try atNode("could not lock the node's accounts") { () throws(UnixError) in
            try FileLock.acquire(places.accounts, before: deadline)
        }
        let machine = try machine(
            job, try NodeShare.free(job.resources.cpus, site, places, except: job.key))
        let hasUserDisk = files.userDisk != nil
        // Waiting would use up the time of this job, and a node's processors.
        if hasUserDisk, let holder = try UserDisk(job.account.uid, places).holder(except: job.key) {
            throw .refused(
                Refusal(
                    .UserDiskInUse,
                    "job \(holder) has the disk of user '\(job.account.name)' on this node: submit the job when that "
                        + "one is over (sbatch --dependency=singleton)"))
        }
        try live.advance(.prepare, at: clock()) {
            $0.machine = machine
            $0.userDisk = hasUserDisk ? true : nil
        }
        _ = consume lock
        return machine
    }

    /// A machine of the job's grant, less what QEMU itself takes of it.
    func machine(_ job: Job, _ share: NodeShare) throws(MachineFault) -> Record.Machine {
        let memory = ByteCount(job.resources.memory.bytes - site.memoryOverhead.bytes)
        guard memory >= MachineParts.leastMemory else {
            throw .refused(
                Refusal(
                    .NotEnoughMemory,
                    "the job was granted \(job.resources.memory); its machine needs at least "
                        + "\(MachineParts.leastMemory) and QEMU \(site.memoryOverhead) of it: ask for more (--mem)"
                ))
        }
        let verdict = try Hypervisor(site: site, places: places).choose()
        return Record.Machine(
            account: share.account.name, uid: share.account.uid, gid: share.account.gid, cpus: share.cpus,
            memory: memory, virtualization: verdict.kind.rawValue, reason: verdict.reason)
    }

    private func context(
        _ job: Job, _ admission: Admission, _ machine: Record.Machine, _ name: MachineName, _ record: Record,
        _ shares: [Assignment.Share], hasUserDisk: Bool
    ) throws(MachineFault) {
        let now = clock()
        let queue = site.queues[job.queue]
        let features = JobFeatures(job: job, grace: record.lifetime?.grace ?? 0, hs06: site.hs06)
        let assignment = Assignment(
            key: job.key, machine: record.uuid, hostname: MachineIdentity.hostname(of: name),
            account: job.account, machineFeatures: features.machine,
            jobFeatures: features.job(memory: machine.memory, start: now),
            grace: record.lifetime?.rest ?? record.lifetime?.grace ?? 0, listening: queue?.listening ?? .fail,
            payload: queue?.payload ?? .job,
            files: site.snippets.reduce(into: [:]) { $0.merge($1.files) { first, _ in first } },
            environment: site.snippets.reduce(into: [:]) { $0.merge($1.environment) { first, _ in first } },
            shares: shares, hasUserDisk: hasUserDisk)
        let facts = ContextFacts(
            machine: name, uuid: record.uuid, hostname: MachineIdentity.hostname(of: name),
            account: job.account.name, queue: job.queue, project: job.project, image: admission.image,
            lifetime: job.resources.end.map { $0 - now })
        try atNode("could not make the context volume") { () throws(ContextError) in
            let forms = site.lists[admission.list.name]?.contextForms(of: admission.image)
            let volumes = try ContextVolume.make(
                facts: facts, assignment: assignment.document, forms: forms ?? ContextForm.allCases)
            try ContextDisk.write(volumes, newFile: places.machine(name).context, mode: 0o444)
        }
    }

    /// libvirt's XML of the job's machine.
    func describe(
        _ job: Job, _ record: Record, _ machine: Record.Machine, _ files: HostFiles,
        image: (path: String, format: ImageFormat), tools: String
    ) throws(MachineFault) -> String {
        let name = MachineName(key: job.key, attempt: record.attempt)
        let directory = places.machine(name)
        let live = places.job(job.key)
        let description = DomainDescription(
            name: name.domain, uuid: record.uuid, title: "job \(job.key) of \(job.account.name)",
            kind: DomainDescription.Kind(rawValue: machine.virtualization) ?? .qemu,
            memory: machine.memory.bytes,
            processors: machine.cpus.count, hostProcessors: machine.cpus, capped: true,
            overlay: .init(path: directory.overlay, format: .qcow2),
            base: .init(
                path: image.path, format: image.format == .raw ? .raw : .qcow2, group: MachineParts.baseGroup),
            context: .init(path: directory.context, format: .raw), tools: .init(path: tools, format: .raw),
            controlSocket: live.controlSocket, payloadSocket: live.payloadSocket, console: directory.console,
            uid: machine.uid, gid: machine.gid,
            userDisk: files.userDisk.map { _ in
                .init(path: places.userDisk(job.account.uid).disk, format: .raw, group: UserDisk.group)
            }, userDiskSerial: Assignment.userDiskSerial, shares: files.shares(in: directory))
        return try atNode("could not describe the machine") { () throws(DescriptionError) in
            try description.xml()
        }
    }
}

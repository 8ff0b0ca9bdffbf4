import Audit
import Digest
import Fetch
package import ImageStore
package import ImageTrust
import JSON
package import Job
import ListStore
package import Policy
package import Site
import Unix

extension Prologue {
    /// Judges the job against what the site says at this moment; the answer is in the audit log before
    /// anything follows from it, and durable there with the line of the start.
    func admit(_ job: Job, _ live: inout LiveJob) throws(MachineFault) -> Admission {
        let now = clock()
        let admission = try judge(job, at: now)
        let lifetime: Lifetime
        let stage: StageRequest?
        do throws(Refusal) {
            lifetime = try Lifetime(job, site)
            stage = try site.queues[job.queue].flatMap { (queue) throws(Refusal) in
                try StageRequest(job, queue)
            }
        } catch { throw .refused(error) }
        try live.advance(.admit, at: now) {
            $0.image = Record.Image(admission)
            $0.endState = site.endState(queue: job.queue, list: admission.list.name)
            $0.lifetime = lifetime
            $0.payload = site.queues[job.queue]?.payload
            $0.credentials = site.queues[job.queue]?.credentials
            $0.stage = stage
        }
        try journal.write(.admission, live.record, at: now, durably: false)
        return admission
    }

    /// The answer alone; nothing is changed or written down.
    package func judge(_ job: Job, at now: Timestamp) throws(MachineFault) -> Admission {
        if let fault = site.faults.first(where: \.isUnreadable) { throw .fault(.node, "\(fault)") }
        do {
            let request = try Request(job, site)
            try checkSettings(request.queue)
            _ = try HostFiles(job, site)
            var standings: [String: ListStanding] = [:]
            // Where one list decides, only its entry of this image matters, however many it has.
            let image = request.lists.count == 1 ? request.identifier : nil
            for name in request.lists {
                guard let list = try ListStore(places).load(name, image: image) else { continue }
                standings[list.name] = list.standing(
                    anchors: site.trustAnchors, maximumAge: site.maximumListAge, at: now)
            }
            if let objection = job.objection { throw objection }
            return try Policy.admit(job, site: site, lists: standings, at: now)
        } catch let refusal as Refusal {
            throw .refused(refusal)
        } catch {
            throw .fault(.node, "\(error)")
        }
    }

    /// The image that the job asked for, as far as that can be told, for the line that says why it does not get it.
    func requested(_ job: Job) -> [JSON.Member] {
        guard let queue = site.queues[job.queue], let name = try? ImageChoice.choose(for: job, in: queue)
        else { return [] }
        var members: [JSON.Member] = [
            .init("image", .string(name.description)), .init("list", .string(name.list)),
        ]
        guard let rule = site.lists[name.list], let identifier = try? Request.identifier(of: name, rule)
        else { return members }
        members.append(.init("identifier", .string(identifier.description)))
        if let list = try? ListStore(places).load(name.list, image: identifier),
            let entry = list.image(identifier)?.entry
        {
            members.append(.init("sha512", .string(entry.sha512.description)))
        }
        return members
    }

    /// Refuses what the configuration can say and this release cannot do: a job must not run otherwise than its
    /// queue promises.
    private func checkSettings(_ queue: Queue) throws(Refusal) {
        guard queue.network != .none else { return }
        throw Refusal(
            .UnsupportedSetting,
            "[queue.\(queue.name)] network = \"\(queue.network.rawValue)\" in site.toml is not supported: "
                + "write \"none\"")
    }

    /// What a job would be told and given, without anything being made or written down.
    package func rehearse(_ job: Job) throws(MachineFault) -> (admission: Admission, xml: String) {
        let admission = try judge(job, at: clock())
        let record = Record(job: job, attempt: 0, now: clock())
        guard
            let share = NodeShare.choose(
                job.resources.cpus, allowed: Process.allowedCPUs, accounts: NodeShare.pool(site), taken: [])
        else {
            throw .fault(.node, "there is no account \(site.qemuAccounts)0: run hooks/install --accounts")
        }
        let machine = try machine(job, share)
        let format = try atNode("could not read the image's format") { () throws(ImageStoreError) in
            try ImageSource(admission.entry).format
        }
        let image = ImageStore(directory: places.images).path(of: admission.digest)
        let xml = try describe(
            job, record, machine, try files(of: job), image: (image, format),
            tools: places.toolsVolume("TOOLS"))
        return (admission, xml)
    }

    /// The image's file, whose bytes are those that the list names.
    func open(_ admission: Admission, for job: Job, before deadline: Deadline) throws(MachineFault)
        -> VerifiedImage
    {
        do throws(ImageStoreError) {
            return try NodeImages(site: site, places: places, clock: clock).obtain(
                try ImageSource(admission, user: job.account.name), before: deadline,
                for: "job \(admission.job)")
        } catch {
            switch error {
            case .refused(let refusal):
                // The store knows an image by its digest, the job by its name.
                throw .refused(Refusal(refusal.name, "image '\(admission.image)': \(refusal.message)"))
            case .busy, .late:
                throw .refused(
                    Refusal(
                        .ImageUnavailable,
                        "image '\(admission.image)' was still being fetched when the prologue's "
                            + "time was over (prologue_timeout = \(site.prologueTimeout) s): submit the job again, "
                            + "the fetch goes on from there"))
            case .full(let shortage) where error.blame == .job: throw .refused(Refusal(shortage))
            case .full, .inUse, .unknownNeeds, .unrecorded, .unpacker, .file:
                throw .fault(.node, "\(error)")
            }
        }
    }
}

extension Refusal {
    /// A bound that the site has set refuses the job; the node can go on with the images that it has.
    init(_ shortage: SpaceShortage) {
        if case .quota = shortage.bound {
            self.init(.QuotaExceeded, "\(shortage)")
        } else {
            self.init(.ImageUnavailable, "\(shortage)")
        }
    }
}

extension ImageSource {
    /// Refuses a format that the store does not keep.
    package init(_ entry: ImageEntry) throws(ImageStoreError) {
        try self.init(
            digest: entry.sha512, size: entry.size.bytes, declared: entry.format,
            uri: entry.uri.description)
    }
}

extension TransferRules {
    /// The site's, for what needs the image.
    package init(_ site: Site, purpose: String) {
        self.init(
            over: HTTP.transport, mirror: site.store.mirror, bandwidth: site.store.bandwidth,
            proxy: site.fetch.proxy, serverAnchors: site.fetch.serverAnchors, purpose: purpose)
    }
}

extension Record.Image {
    init(_ admission: Admission) {
        self.init(
            name: admission.image.description, sha512: admission.digest.description,
            identifier: admission.entry.identifier.description, version: admission.entry.version.description,
            list: admission.list.name, listVersion: admission.list.version.description,
            endorser: admission.endorser.name, vo: admission.endorser.vo, class: admission.imageClass)
    }
}

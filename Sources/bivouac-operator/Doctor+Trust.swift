import Digest
import ImageStore
import ImageTrust
import Job
import JobMachine
import ListStore
import Policy
import Site
import Unix

// Whose word counts here, and for how long; what jobs would be given.
extension Doctor {
    private static let day: Int64 = 86_400

    /// What the node has of the authorities of all endorsers, by the endorser's name.
    private var authorities: [(endorser: String, facts: [AuthorityFacts])] {
        site.endorsers.values.sorted { $0.name < $1.name }.map { endorser in
            let name = DistinguishedName(endorser.ca)
            return (endorser.name, name.map { site.trustAnchors.authorities(from: $0) } ?? [])
        }
    }

    var anchors: [Finding] {
        if let fault = Self.fault(ofRoots: site.anchors, .directory) { return [.failure("Anchors", fault)] }
        guard !site.endorsers.isEmpty else {
            return [.failure("Anchors", "\(places.endorsers) has no endorser: no list is believed")]
        }
        var findings: [Finding] = []
        for (endorser, facts) in authorities {
            guard !facts.isEmpty else {
                let ca = site.endorsers[endorser]?.ca ?? ""
                findings.append(
                    .failure(
                        "Anchors", "\(site.anchors) has no certificate of \(ca), who certified '\(endorser)'")
                )
                continue
            }
            for authority in facts {
                guard let left = authority.expires.map({ $0 - now }), left < 30 * Self.day else { continue }
                let text = "the certificate of \(authority.name) ends \(now + left)"
                findings.append(left <= 0 ? .failure("Anchors", text) : .warning("Anchors", text))
            }
        }
        return findings.isEmpty
            ? [.ok("Anchors", "\(site.anchors): the authorities of \(site.endorsers.count) endorsers")]
            : Self.unique(findings)
    }

    var revocationLists: [Finding] {
        let known = authorities.flatMap(\.facts)
        guard !known.isEmpty else {
            return [.unknown("RevocationLists", "no endorser's authority is known here (see Anchors)")]
        }
        let findings = known.compactMap { revocation(of: $0) }
        return findings.isEmpty
            ? [.ok("RevocationLists", "those of all endorsers' authorities are fresh")]
            : Self.unique(findings)
    }

    /// What is wrong with the revocation list of an authority; nil when nothing is.
    private func revocation(of authority: AuthorityFacts) -> Finding? {
        let (name, remedy) = (authority.name, "run fetch-crl")
        switch authority.revocation {
        case .missing:
            return .failure("RevocationLists", "\(name) has none: nobody it certified is believed: \(remedy)")
        case .unusable:
            return .failure(
                "RevocationLists", "that of \(name) is damaged, or another key signed it: \(remedy)")
        case .list(let made, let due):
            if let made, made > now {
                return .failure(
                    "RevocationLists", "that of \(name) is of \(made), which is after \(now)")
            }
            guard let due else {
                return .failure("RevocationLists", "that of \(name) says no end: \(remedy)")
            }
            guard now < due else {
                return .failure("RevocationLists", "that of \(name) ran out \(due): \(remedy)")
            }
            guard due - now < 2 * Self.day else { return nil }
            return .warning(
                "RevocationLists", "that of \(name) is good until \(due) only: does fetch-crl run?")
        }
    }

    /// Two endorsers may have one authority.
    private static func unique(_ findings: [Finding]) -> [Finding] {
        var seen: Set<Finding> = []
        return findings.filter { seen.insert($0).inserted }
    }

    /// The list in force, if it can be read.
    private func accepted(_ name: String) -> StoredList? { try? ListStore(places).load(name) }

    /// All lists in force.
    var stored: [StoredList] { site.lists.keys.sorted().compactMap { accepted($0) } }

    var lists: [Finding] {
        if site.lists.isEmpty { return [.failure("Lists", "no list in \(places.lists): no job can run")] }
        return site.lists.keys.sorted().map { name in
            do {
                guard let list = try ListStore(places).load(name) else {
                    return .failure("Lists", "\(name) was never accepted here: bivouac list refresh \(name)")
                }
                let standing = list.standing(
                    anchors: site.trustAnchors, maximumAge: site.maximumListAge, at: now)
                if let refusal = standing.refusal { return .failure("Lists", "\(name): \(refusal)") }
                let end = min(list.expires, list.created + site.maximumListAge)
                return end - now < 3 * Self.day
                    ? .warning("Lists", "\(name) is good until \(end) only: is a newer one published?")
                    : .ok("Lists", "\(name): version \(list.version), good until \(end)")
            } catch {
                return .failure("Lists", "\(error)")
            }
        }
    }

    /// The images that queues boot when a job names none.
    var images: [Finding] {
        let findings = defaults.map { queue, name -> Finding in
            guard let rule = site.lists[name.list], let list = accepted(name.list),
                let identifier = ImageIdentifier(rule.images[name.image] ?? name.image),
                let entry = list.image(identifier)?.entry
            else { return .failure("Images", "queue \(queue.name): \(name) is in no accepted list") }
            let isHere = (try? ImageStore(directory: places.images).find(entry.sha512)) != nil
            return isHere
                ? .ok("Images", "queue \(queue.name): \(name) is on this node")
                : .warning(
                    "Images",
                    "queue \(queue.name): \(name) is fetched by its first job: bivouac image fetch \(name)")
        }
        return findings.isEmpty
            ? [.ok("Images", "no queue has an image of its own: jobs name theirs")] : findings
    }

    private var defaults: [(queue: Queue, image: ImageName)] {
        site.queues.values.sorted { $0.name < $1.name }.compactMap { queue in
            queue.image.map { (queue, $0) }
        }
    }

    /// What a job of each queue would be told that names no image.
    var admissions: [Finding] {
        let findings = defaults.map { queue, name -> Finding in
            guard let job = job(in: queue) else {
                return .failure("Admission", "cluster '\(site.cluster)' cannot be part of a job key")
            }
            let prologue = Prologue(
                site: site, places: places, programs: programs, clock: { now }, annotate: { _ in })
            do throws(MachineFault) {
                _ = try prologue.rehearse(job)
                return .ok("Admission", "queue \(queue.name): a job would get \(name)")
            } catch {
                return .failure("Admission", "queue \(queue.name): a job would be told: \(error)")
            }
        }
        return findings.isEmpty ? [.ok("Admission", "no queue has an image of its own")] : findings
    }

    /// A made-up job of somebody whom queue and list allow.
    private func job(in queue: Queue) -> Job? {
        let rule = queue.image.flatMap { site.lists[$0.list] }
        func one(_ mine: [String], _ lists: [String]?) -> String? {
            mine.first { lists?.isEmpty != false || lists?.contains($0) == true } ?? lists?.first
        }
        let groups = (queue.groups.prefix(1) + (rule?.groups ?? []).prefix(1)).map {
            Account.Group(name: $0, gid: Self.nobody)
        }
        let account = Account(
            name: one(queue.users, rule?.users) ?? "nobody", uid: Self.nobody, gid: Self.nobody,
            groups: groups,
            home: "/", shell: "/bin/sh")
        guard let id = JobID("0"), let key = JobKey(cluster: site.cluster, job: id) else { return nil }
        return Job(
            key: key, attempt: 0, account: account, queue: queue.name,
            project: one(queue.accounts, rule?.accounts) ?? "", nodes: 1,
            resources: Resources(cpus: 1, memory: queue.memory ?? .mebibytes(1024), end: nil), words: [],
            directory: "/home/\(account.name)")
    }

    private static let nobody: UInt32 = 65_534

    /// Whether the kernel itself watches over the images; where it cannot, `tick` reads them again.
    var verity: Finding {
        let images = ((try? Files.names(in: places.images)) ?? []).filter { ImageDigest($0) != nil }
        let bare = images.filter {
            (try? FileDescriptor.open("\(places.image($0))/image", [.read, .noFollow]))?.verity == nil
        }
        guard !bare.isEmpty else {
            return .ok(
                "Verity", images.isEmpty ? "there is no image on this node yet" : "images are under fs-verity"
            )
        }
        return .ok(
            "Verity",
            "\(bare.count) of \(images.count) images are not under fs-verity: a job's start compares their "
                + "identity, and tick reads all of them every \(site.store.verify / Self.day) days")
    }
}

import Audit
import Compression
import Digest
import Evidence
import ImageStore
import ImageTrust
import JSON
import Job
import Libvirt
import ListStore
import Policy
import Site
import Unix

extension Prologue {
    /// Makes the start state durable: from here on it can be explained what ran, whatever happens next.
    func recordStart(
        _ job: Job, _ admission: Admission, _ image: StoredImage, _ parts: MachineParts,
        on libvirt: borrowing NodeLibvirt, _ live: inout LiveJob
    ) throws(MachineFault) {
        guard let machine = live.record.machine else { throw .fault(.node, "the record names no machine") }
        let now = clock()
        let system = Process.system
        let network = site.queues[job.queue]?.network ?? .none
        let state = StartState(
            name: parts.name, recorded: now, account: job.account, queue: job.queue, project: job.project,
            resources: job.resources, image: StartState.Image(admission, image),
            endorsement: StartState.Endorsement(admission),
            machine: StartState.Machine(live.record, machine, parts, network: network),
            node: StartState.Node(
                host: system.host, kernel: system.release, bivouac: Programs.version,
                libvirt: libvirt.version.description, hypervisor: libvirt.hypervisor.description),
            phases: live.record.times)
        let directory = places.machine(parts.name)
        let signed = ListStore(places).signedFile(admission.list.name, sha256: admission.list.sha256)
        let receipt = try atNode("no start state, no start") { () throws(EvidenceError) in
            let list = try EvidenceError.reading(signed)
            return try EvidenceStore(directory: places.evidence).recordStart(
                state,
                files: [
                    ("domain.xml", .bytes(Array(parts.xml.utf8))),
                    (StartState.contextFile, .bytes(try EvidenceError.packing(directory.context))),
                ],
                signedList: list)
        }
        // Before the line: whoever ends what dies here must log the end of a start that is in the log.
        try live.advance(.start, at: now) { $0.evidence = receipt.path }
        // After a reboot the record in /run is gone: this copy then says whose machine's files these are.
        try live.copyRecord(to: directory.record)
        try journal.write(
            .start, live.record,
            [.init("evidence", .string(receipt.path)), .init("manifest", .string(receipt.sha256))], at: now)
    }
}

extension EvidenceError {
    /// A file of which there is no more than fits: the signed list as it was fetched, a context volume.
    fileprivate static func reading(_ path: String) throws(EvidenceError) -> [UInt8] {
        do throws(UnixError) {
            return try Files.read(path, limit: 64 << 20)
        } catch {
            throw .file(error)
        }
    }

    /// A volume, of which the most is zeros and the same facts in several forms, made small.
    fileprivate static func packing(_ path: String) throws(EvidenceError) -> [UInt8] {
        guard let packed = Deflation.gzip(try reading(path)) else {
            throw .file(UnixError("deflate", UnixError.invalid, path))
        }
        return packed
    }
}

extension StartState.Image {
    init(_ admission: Admission, _ image: StoredImage) {
        self.init(
            name: admission.image.description, identifier: admission.entry.identifier.description,
            version: admission.entry.version.description, sha512: image.digest.description, size: image.size,
            format: image.format.rawValue, virtualSize: image.virtualSize, uri: image.uri,
            class: admission.imageClass)
    }
}

extension StartState.Endorsement {
    init(_ admission: Admission) {
        let list = admission.list
        let endorser = admission.endorser
        self.init(
            list: list.name, identifier: list.identifier.description, version: list.version.description,
            sha256: list.sha256, created: list.created, expires: list.expires, endorser: endorser.name,
            dn: endorser.dn.description, ca: endorser.ca.description, serial: endorser.serial,
            vo: endorser.vo,
            seconds: admission.seconds)
    }
}

extension StartState.Machine {
    init(_ record: Record, _ machine: Record.Machine, _ parts: MachineParts, network: Queue.Network) {
        self.init(
            domain: record.domain, uuid: record.uuid, account: machine.account, uid: machine.uid,
            cpus: machine.cpus, memory: machine.memory, virtualization: machine.virtualization,
            reason: machine.reason, tools: parts.toolsDigest,
            overlay: parts.overlayDigest, network: network.rawValue)
    }
}

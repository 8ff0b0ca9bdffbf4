internal import Audit
internal import Compression
internal import Digest
internal import Evidence
internal import ImageStore
internal import JSON
internal import Job
internal import Libvirt
internal import Site
internal import Unix

/// A start state that a machine can be booted from again.
struct ReplaySource {
    private static let longestContext = 64 << 20

    let path: String
    let name: MachineName
    /// How many CPUs the machine has.
    var cpus: Int { start.machine.cpus.count }
    private let places: Places
    private let start: StartState
    private let digest: ImageDigest

    /// Refuses a start state that is not as it was recorded.
    init(_ path: String, _ places: Places) throws(MachineFault) {
        let store = EvidenceStore(directory: places.evidence)
        let entry = try atNode("could not read \(path)") { () throws(EvidenceError) in try store.entry(path) }
        guard let start = entry.start, let name = MachineName(start.name),
            let digest = ImageDigest(start.image.sha512)
        else { throw .fault(.job, "\(path) holds no start state") }
        // What came later, as the disk, has no part in it.
        let files = Set([StartState.file] + start.files.map(\.name))
        let damage = try EvidenceCheck.damage(of: path, places).filter(files.contains)
        guard damage.isEmpty else {
            throw .fault(.job, "\(path) is not as it was recorded: \(damage.joined(separator: ", "))")
        }
        self.path = path
        self.name = name
        self.places = places
        self.start = start
        self.digest = digest
    }

    func tell(_ action: String, by author: String, at now: Timestamp) throws(MachineFault) {
        let event = AuditEvent(
            .action,
            [
                .init("action", .string(action)), .init("operator", .string(author)),
                .init("node", .string(Process.system.host)), .init("evidence", .string(path)),
                .init("sha512", .string(digest.description)),
            ])
        try atNode("the audit log takes no line, so nothing starts") { () throws(AuditError) in
            _ = try AuditLog(path: places.auditLog).append(event, at: now, before: Deadline(seconds: 20))
        }
    }

    private func openImage() throws(MachineFault) -> VerifiedImage {
        do throws(ImageStoreError) {
            return try ImageStore(directory: places.images).open(digest)
        } catch {
            if case .refused(let refusal) = error { throw .refused(refusal) }
            throw .fault(.node, "\(error)")
        }
    }

    /// Starts the machine with files of its own in the directory.
    func boot(_ directory: MachineDirectory, domain: String, _ share: NodeShare, _ ending: Ending)
        throws(MachineFault)
    {
        let tools = places.toolsVolume(start.machine.tools)
        guard Files.exists(tools) else {
            throw .fault(.job, "the agent's volume of \(path) is gone: \(tools)")
        }
        let image = try openImage()
        _ = try atNode("could not make the overlay") { () throws(ImageStoreError) in
            try Overlay.create(
                at: directory.overlay, over: image, uid: share.account.uid, gid: share.account.gid)
        }
        let evidence = "\(places.evidence)/\(path)"
        let kept = try atNode("could not copy \(path)") { () throws(UnixError) in
            let packed = try Files.read("\(evidence)/\(StartState.contextFile)", limit: Self.longestContext)
            guard let context = Inflation.bytes(packed, .gzip, limit: Self.longestContext) else {
                throw UnixError("read", UnixError.invalid, StartState.contextFile)
            }
            try Files.write(context, to: directory.context, mode: 0o444)
            return String(decoding: try Files.read("\(evidence)/domain.xml", limit: 1 << 20), as: UTF8.self)
        }
        let description = ReplayDescription(
            kept: kept, places: places, directory: directory, domain: domain,
            uuid: MachineIdentity.uuid(of: domain), share: share)
        guard let xml = description.xml(of: name) else {
            throw .fault(.job, "\(path)/domain.xml does not describe a machine of this node")
        }
        let descriptor = image.file.rawValue
        try atNode("could not start \(domain)") { () throws(LibvirtError) in
            let connection = try Connection.open(ending.site)
            let machine = try connection.define(xml)
            try machine.associate([descriptor], group: MachineParts.baseGroup)
            do throws(LibvirtError) {
                try machine.create()
            } catch {
                try? machine.undefine()
                throw error
            }
            try machine.undefine()
        }
    }
}

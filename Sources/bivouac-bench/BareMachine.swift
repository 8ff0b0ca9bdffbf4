internal import Digest
internal import ImageStore
internal import Job
internal import JobMachine
internal import Libvirt
internal import Site
internal import Unix

/// A machine like a job's, started and ended with virsh(1) and no help of ours.
struct BareMachine {
    /// What all of them are made of.
    struct Model {
        let scratch: ScratchRoot
        /// Of a job whose machine ran.
        let record: Record
        /// The agent's volume.
        let tools: String
        let image: StoredImage
        /// A copy of the image that the machine's account can read, since virsh hands over no descriptor.
        let base: String

        /// Takes the record of a job whose machine runs, and copies its image and context volume.
        init(_ job: MadeUpJob) throws(BenchError) {
            let scratch = job.scratch
            self.scratch = scratch
            let record = try BenchError.during("could not read the record of \(job.key)") {
                () throws(MachineFault) in try LiveJob.peek(job.key, places: scratch.places)
            }
            guard let record, let machine = record.machine,
                let digest = record.image.flatMap({ ImageDigest($0.sha512) })
            else {
                throw .failed("job \(job.key) has no machine: \(record?.refusal?.description ?? "no reason")")
            }
            self.record = record
            base = scratch.bare + "/base"
            let base = base
            image = try BenchError.during("could not copy the image") { () throws(ImageStoreError) in
                try ImageStore(directory: scratch.places.images).open(digest).image
            }
            tools = try BenchError.during("could not copy files") { () throws(UnixError) in
                try Files.makeDirectories(scratch.bare, mode: 0o711)
                let path = ImageStore(directory: scratch.places.images).path(of: digest)
                try Files.write(try Files.read(path, limit: 4 << 30), to: base, mode: 0o444)
                let context = scratch.places.machine(MachineName(key: job.key, attempt: 0)).context
                try Files.write(
                    try Files.read(context, limit: 64 << 20), to: scratch.bare + "/context.iso", mode: 0o444)
                let volume = try Files.names(in: scratch.places.tools).first { $0.hasSuffix(".iso") }
                return scratch.places.tools + "/" + (volume ?? "")
            }
            _ = machine
        }
    }

    let domain: String
    private let model: Model
    private let directory: MachineDirectory
    private let sockets: JobDirectory
    private var xml: String { directory.path + "/domain.xml" }

    /// Machine number `index`, with the context volume of a job's machine or another one.
    init(_ index: Int, _ model: Model, context: String? = nil) throws(BenchError) {
        domain = "\(ScratchRoot.domainPrefix)bare\(index)"
        self.model = model
        directory = MachineDirectory(path: "\(model.scratch.bare)/\(index)")
        sockets = JobDirectory(path: directory.path)
        let description = try self.description(index, context ?? model.scratch.bare + "/context.iso")
        let text = try BenchError.during("could not describe \(domain)") { () throws(DescriptionError) in
            try description.xml()
        }
        let xml = xml
        let path = directory.path
        try BenchError.during("could not prepare \(domain)") { () throws(UnixError) in
            try Files.removeTree(path)
            try Files.makeDirectory(path, mode: 0o711)
            try Files.write(text, to: xml)
        }
        try makeOverlay()
    }

    private func makeOverlay() throws(BenchError) {
        guard let machine = model.record.machine,
            let digest = model.record.image.flatMap({ ImageDigest($0.sha512) })
        else { return }
        let path = directory.overlay
        let store = ImageStore(directory: model.scratch.places.images)
        try BenchError.during("could not make the overlay of \(domain)") { () throws(ImageStoreError) in
            try Overlay.create(at: path, over: try store.open(digest), uid: machine.uid, gid: machine.gid)
        }
    }

    private func description(_ index: Int, _ context: String) throws(BenchError) -> DomainDescription {
        guard let machine = model.record.machine else { throw .failed("the model has no machine") }
        let digits = "\(index)"
        return DomainDescription(
            name: domain,
            uuid: "b1e00000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits,
            title: "benchmark", kind: DomainDescription.Kind(rawValue: machine.virtualization) ?? .qemu,
            memory: machine.memory.bytes, processors: machine.cpus.count, hostProcessors: machine.cpus,
            capped: true,
            overlay: .init(path: directory.overlay, format: .qcow2),
            base: .init(path: model.base, format: model.image.format == .raw ? .raw : .qcow2),
            context: .init(path: context, format: .raw), tools: .init(path: model.tools, format: .raw),
            controlSocket: sockets.controlSocket, payloadSocket: sockets.payloadSocket,
            console: directory.console,
            uid: machine.uid, gid: machine.gid)
    }

    var payloadSocket: String { sockets.payloadSocket }

    private func virsh(_ words: [String]) throws(BenchError) -> Running {
        try Running.start(
            [Programs.virsh, "-q", "-c", model.scratch.site.libvirt] + words,
            environment: Programs.environment)
    }

    func create() throws(BenchError) -> Running { try virsh(["create", xml]) }

    func destroy() throws(BenchError) -> Running { try virsh(["destroy", domain]) }

    /// Waits until the guest has said this on its console.
    func awaitConsole(_ text: String) throws(BenchError) {
        let deadline = Deadline(seconds: 300)
        let wanted = Array(text.utf8)
        while !deadline.isOver {
            let said = (try? Files.read(directory.console, limit: 1 << 24)) ?? []
            if ByteSearch.first(wanted, in: said, from: 0) != nil { return }
            Deadline.sleep(milliseconds: 1)
        }
        throw .failed("\(domain) did not say '\(text)'")
    }

    /// Waits for the agent's first word on the control port.
    func ready() throws(BenchError) {
        let path = sockets.controlSocket
        let greeting = try BenchError.during("could not reach the agent of \(domain)") {
            () throws(UnixError) in
            try ControlPort.connect(path).greeting(before: Deadline(seconds: 300))
        }
        guard case .value = greeting else {
            throw .failed("the agent of \(domain) is not ready: \(greeting)")
        }
    }

    func removeFiles() throws(BenchError) {
        let path = directory.path
        try BenchError.during("could not remove \(path)") { () throws(UnixError) in try Files.removeTree(path)
        }
    }
}

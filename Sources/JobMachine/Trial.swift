internal import ImageStore
internal import Job
internal import Libvirt
internal import Site
package import Unix

/// A machine of nobody's that says one line, to see that machines run here and how they are confined.
///
/// It is described, given its verified descriptor, started and ended as a job's machine is, and has one of
/// their accounts meanwhile; what dies half-way is cleared away as a replay is, by `tick`.
package enum Trial {
    /// What was seen.
    package struct Report: Hashable, Sendable {
        /// What libvirt took to define the domain.
        package var definition = Duration.zero
        /// From there until the guest's line was in the console's file.
        package var start = Duration.zero
        /// Id of the account that QEMU was to have.
        package var account: UInt32 = 0
        /// What the kernel says of QEMU.
        package var process: ProcessFacts?
        /// Whether the file that QEMU was given the descriptor of is still root's alone.
        package var baseIsRoots = false
        /// Whether QEMU itself writes the console's file, and nobody bounds it.
        package var writesConsole = false

        /// Nothing yet.
        package init() {}
    }

    /// Another process may have a machine of its own.
    private static var name: String { "doctor-\(Process.id)" }
    private static let memory: Int64 = 32 << 20

    /// Runs it; a guest that has not said its line before the deadline is the node's fault.
    package static func run(_ ending: Ending, before deadline: Deadline) throws(MachineFault) -> Report {
        let kind = try Hypervisor(site: ending.site, places: ending.places).choose().kind
        var report = Report()
        var defined = ContinuousClock.now
        let trial = try Replay.make(name, cpus: 1, ending, before: deadline) {
            (directory, domain, share) throws(MachineFault) in
            defined = try start(directory, domain, kind, share, ending, &report)
        }
        let watch = Result { () throws(MachineFault) in
            try observe(trial.directory, trial.domain, since: defined, &report, before: deadline)
        }
        try trial.end()
        try watch.get()
        return report
    }

    /// Starts it; the moment when libvirt had defined it.
    private static func start(
        _ directory: MachineDirectory, _ domain: String, _ kind: DomainDescription.Kind, _ share: NodeShare,
        _ ending: Ending, _ report: inout Report
    ) throws(MachineFault) -> ContinuousClock.Instant {
        let (uid, gid) = (share.account.uid, share.account.gid)
        let base = directory.path + "/base"
        try atNode("could not write \(directory.path)") { () throws(UnixError) in
            try Files.write(BootSector.bytes, to: base, mode: 0o600)
            try Files.write([UInt8](repeating: 0, count: 4096), to: directory.context, mode: 0o444)
        }
        try atNode("could not make the overlay") { () throws(ImageStoreError) in
            try Overlay.create(
                at: directory.overlay, over: base, format: .raw, virtualSize: Int64(BootSector.bytes.count),
                uid: uid, gid: gid)
        }
        let nothing = DomainDescription.Image(path: directory.context, format: .raw)
        let description = DomainDescription(
            name: domain, uuid: MachineIdentity.uuid(of: domain), title: "bivouac doctor", kind: kind,
            memory: memory, processors: 1, hostProcessors: share.cpus, capped: true,
            overlay: .init(path: directory.overlay, format: .qcow2),
            base: .init(path: base, format: .raw, group: MachineParts.baseGroup), context: nothing,
            tools: nothing, controlSocket: directory.path + "/control.sock",
            payloadSocket: directory.path + "/payload.sock", console: directory.console, uid: uid, gid: gid)
        let xml = try atNode("could not describe it") { () throws(DescriptionError) in try description.xml() }
        let file = try atNode("could not open \(base)") { () throws(UnixError) in
            try FileDescriptor.open(base, [.read, .noFollow])
        }
        let descriptor = file.rawValue
        report.account = uid
        return try atNode("could not start it") { () throws(LibvirtError) in
            let connection = try Connection.open(ending.site)
            let begin = ContinuousClock.now
            let machine = try connection.define(xml)
            let defined = ContinuousClock.now
            report.definition = defined - begin
            try machine.associate([descriptor], group: MachineParts.baseGroup)
            do throws(LibvirtError) {
                try machine.create()
            } catch {
                try? machine.undefine()
                throw error
            }
            try machine.undefine()
            return defined
        }
    }

    private static func observe(
        _ directory: MachineDirectory, _ domain: String, since defined: ContinuousClock.Instant,
        _ report: inout Report, before deadline: Deadline
    ) throws(MachineFault) {
        let line = Array(BootSector.line.utf8)
        while (try? Files.read(directory.console, limit: 1 << 20))?.contains(line) != true {
            guard !deadline.isOver else {
                throw .fault(.node, "it was started, and its guest said nothing")
            }
            Deadline.sleep(milliseconds: 10)
        }
        report.start = ContinuousClock.now - defined
        report.process = ProcessFacts.find(program: "qemu", argument: "guest=\(domain),")
        let base = try? Files.status(directory.path + "/base")
        report.baseIsRoots = base.map { $0.uid == 0 && $0.mode == 0o600 } ?? false
        report.writesConsole = report.process?.hasOpen(directory.console) ?? false
    }
}

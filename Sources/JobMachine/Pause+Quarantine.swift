internal import Evidence
internal import JSON
internal import Job
internal import Libvirt
internal import Site
internal import Unix

extension Pause {
    /// What an order for quarantine says.
    package struct Order: Sendable {
        package var reason: String
        package var author: String
        /// Whether the guest's memory is to be kept too.
        package var memory: Bool

        package init(reason: String, author: String, memory: Bool = false) {
            self.reason = reason
            self.author = author
            self.memory = memory
        }
    }

    /// Freezes a machine, cuts its network and puts its evidence on hold; `resume` undoes it.
    ///
    /// Each step is tried whatever became of those before: first the audit line, then the most urgent. The machine
    /// lives no longer than its job: the epilogue keeps overlay, console and memory and ends it.
    package func quarantine(_ live: inout LiveJob, _ order: Order) throws(MachineFault) {
        let now = ending.clock()
        try enter(&live) { $0.quarantine = $0.quarantine ?? now }
        let record = live.record
        var faults: [MachineFault] = []
        func attempt(_ step: () throws(MachineFault) -> Void) {
            do throws(MachineFault) { try step() } catch { faults.append(error) }
        }
        attempt { () throws(MachineFault) in
            try tell(
                "quarantine", record, by: order.author,
                [.init("reason", .string(order.reason)), .init("memory", .bool(order.memory))])
        }
        attempt { () throws(MachineFault) in _ = try freeze(record) }
        attempt { () throws(MachineFault) in try hold(record, order) }
        do throws(MachineFault) { try copyRecord(live) } catch { faults.append(error) }
        if order.memory, faults.isEmpty {
            attempt { () throws(MachineFault) in try dumpMemory(record) }
        }
        guard let first = faults.first else { return }
        let all = faults.map(\.description).joined(separator: "; ")
        throw .fault(first.blame, "the quarantine of job \(record.key) is not complete: \(all)")
    }

    /// Puts the machine's evidence on hold unless it is.
    func hold(_ record: Record, _ order: Order? = nil) throws(MachineFault) {
        guard let path = record.evidence, let since = record.quarantine else { return }
        let store = EvidenceStore(directory: places.evidence)
        try atNode("could not put \(path) on hold") { () throws(EvidenceError) in
            let hold = Hold(
                reason: order?.reason ?? "quarantined at \(since)", author: order?.author ?? "bivouac",
                since: since, quarantine: since)
            try store.hold(path, hold, before: Deadline(seconds: 20))
        }
    }

    /// Ends the hold that came with the quarantine, and no other.
    func release(_ record: Record) throws(MachineFault) {
        guard let path = record.evidence, let since = record.quarantine else { return }
        let store = EvidenceStore(directory: places.evidence)
        try atNode("could not release \(path)") { () throws(EvidenceError) in
            _ = try store.release(path, ofQuarantine: since, before: Deadline(seconds: 20))
        }
    }

    /// Writes the guest's memory beside its start state, as a whole or not at all.
    private func dumpMemory(_ record: Record) throws(MachineFault) {
        guard let path = record.evidence, let memory = record.machine?.memory else { return }
        let file = "\(places.evidence)/\(path)/\(EvidenceStore.memoryFile)"
        let new = "\(places.evidence)/\(path)/\(EvidenceStore.unfinishedMemoryFile)"
        // Headers, and what the machine's devices hold beside the guest's memory.
        let needed = ByteCount(memory.bytes + ByteCount.mebibytes(128).bytes)
        let free = try atNode("could not ask for free space") { () throws(UnixError) in
            ByteCount(try Files.freeSpace(places.evidence))
        }
        guard free >= needed else {
            throw .fault(
                .node, "the memory was not kept: it needs \(needed) in \(places.evidence), free are \(free)")
        }
        do {
            try onDomain(record, "keep the memory of", limit: Self.dumpLimit) {
                (domain) throws(LibvirtError) in
                try domain.dumpMemory(to: new)
            }
            try atNode("could not keep the memory") { () throws(UnixError) in
                // libvirt gives the file to QEMU's account.
                try Files.changeOwner(new, uid: 0, gid: 0)
                try Files.changeMode(new, 0o600)
                try FileDescriptor.open(new, [.readWrite, .noFollow]).synchronize(new)
                try Files.rename(new, to: file)
                try Files.synchronize(directory: Files.parent(file))
            }
        } catch {
            _ = try? Files.remove(new)
            throw error
        }
    }

    /// Milliseconds that writing a machine's memory may take.
    private static let dumpLimit = 600_000
}

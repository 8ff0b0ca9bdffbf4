import Audit
import GuestProtocol
import ImageStore
import JSON
import Job
import Libvirt
import Site
import Unix

extension Prologue {
    /// Lets libvirt start the machine on the file that was verified.
    ///
    /// It is defined, given its descriptors, started and its definition taken away: from then on it is
    /// transient, and a reboot leaves nothing behind.
    func start(
        _ parts: MachineParts, _ image: borrowing VerifiedImage, on connection: borrowing Connection,
        _ live: inout LiveJob
    ) throws(MachineFault) {
        let descriptor = image.file.rawValue
        let userDisk = try open(userDisk: parts.userDisk)
        let userDiskNumber: Int32? =
            switch userDisk {
            case .some(let file): file.rawValue
            case nil: nil
            }
        try atNode("could not start machine \(parts.name)") { () throws(LibvirtError) in
            // What a prologue that died here left behind, under the same name.
            if let stray = try connection.lookup(uuid: MachineIdentity.uuid(of: parts.name)) {
                try stray.destroy()
                try stray.undefine()
            }
            let domain = try connection.define(parts.xml)
            try domain.associate([descriptor], group: MachineParts.baseGroup)
            if let userDiskNumber {
                try domain.associate([userDiskNumber], group: UserDisk.group, writable: true)
            }
            do throws(LibvirtError) {
                try domain.create()
            } catch {
                try? domain.undefine()
                throw error
            }
            try domain.undefine()
        }
        _ = consume userDisk
        // libvirt makes the sockets for QEMU's account; until here the directory was root's alone.
        let payload = live.directory.payloadSocket
        let control = live.directory.controlSocket
        let uid = live.record.uid
        try atNode("could not hand over the sockets of machine \(parts.name)") { () throws(UnixError) in
            for (path, owner) in [(control, 0), (payload, uid)] {
                try Files.changeMode(path, 0o600)
                try Files.changeOwner(path, uid: owner, gid: 0)
            }
        }
        try live.advance(.boot, at: clock())
        try live.copyRecord(to: places.machine(parts.name).record, durably: false)
    }

    private func open(userDisk path: String?) throws(MachineFault) -> FileDescriptor? {
        guard let path else { return nil }
        return try atNode("could not open the user's disk") { () throws(UnixError) in
            try FileDescriptor.open(path, [.readWrite, .noFollow])
        }
    }

    /// Waits until the agent waits for the payload.
    ///
    /// A guest that does not come up is its image's fault, and so the job's.
    func awaitAgent(_ job: Job, _ live: inout LiveJob, before deadline: Deadline) throws(MachineFault) {
        let path = live.directory.controlSocket
        let greeting = try atNode("could not reach the agent") { () throws(UnixError) in
            try ControlPort.connect(path).greeting(before: deadline.orSooner(seconds: site.bootTimeout))
        }
        guard case .value(let ready) = greeting else {
            guard try Pause(ending).state(of: live.record)?.isStoppedByDisk != true else {
                throw .fault(
                    .node, "machine \(live.record.domain) stands still: its disk takes nothing more")
            }
            let image = live.record.image?.name ?? ""
            throw .refused(refusal(for: greeting, image: image, timeIsOver: deadline.isOver))
        }
        // Once the record says that the job is served, nobody comes again for the rest.
        try journal.write(
            .ready, live.record,
            [
                .init("agent", AuditEvent.untrusted(ready.agent)),
                .init("kernel", AuditEvent.untrusted(ready.kernel)),
                .init("uptime", AuditEvent.untrusted("\(ready.uptime) ms")),
                .init("listening", AuditEvent.untrusted(ready.listening)),
            ], at: clock())
        try live.openToLauncher()
        try live.advance(.ready, at: clock())
    }

    /// Why a machine is of no use to its job whose agent did not say that it is ready.
    func refusal(for greeting: ControlPort.Answer<Ready>, image: String, timeIsOver: Bool) -> Refusal {
        switch greeting {
        case .closed: Refusal(.GuestNotReady, "the machine ended before its agent was ready")
        case .malformed(let what):
            Refusal(.GuestNotReady, "the machine's agent does not speak our protocol: \(what)")
        case .value, .silent:
            timeIsOver
                ? Refusal(
                    .PrologueTimeout,
                    "the job's machine was not ready when the prologue's time was over "
                        + "(prologue_timeout = \(site.prologueTimeout) s)")
                : Refusal(
                    .GuestNotReady,
                    "the agent of image '\(image)' did not answer within "
                        + "\(site.bootTimeout) s (boot_timeout): does the image run its HEPiX context hook?")
        }
    }
}

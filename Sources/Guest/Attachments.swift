internal import GuestProtocol
internal import Unix

/// What a machine has from its host beside its own disks: shared directories, and a disk that its user keeps.
enum Attachments {
    /// Where the user's disk is, as `USER_DISK` tells the payload.
    static let userDisk = "/user-disk"
    private static let check = "/sbin/e2fsck"
    /// Seconds for the check of a disk, most of which is done with one look at its journal.
    private static let checkTime = 120

    /// Mounts all of it; variables for the payload.
    static func mount(_ assignment: Assignment) throws(AgentError) -> [(name: String, value: String)] {
        for share in assignment.shares { try mount(share) }
        guard assignment.hasUserDisk else { return [] }
        try mountUserDisk()
        return [("USER_DISK", userDisk)]
    }

    private static func mount(_ share: Assignment.Share) throws(AgentError) {
        let place = share.paths[0]
        do throws(UnixError) {
            try makeDirectory(place)
            try Mounts.mount(share.tag, at: place, type: "virtiofs", readOnly: share.readOnly)
            for path in share.paths.dropFirst() {
                try makeDirectory(path)
                try Mounts.bind(place, at: path)
            }
        } catch {
            throw error.code == UnixError.noDevice ? .noFileSystem("virtiofs") : .failed(place, error)
        }
    }

    private static func mountUserDisk() throws(AgentError) {
        guard let device = device(serial: Assignment.userDiskSerial) else {
            throw .failed("the user's disk", UnixError("open", UnixError.noEntry, Assignment.userDiskSerial))
        }
        // Without the program the kernel's look at the journal has to do, which is what a crash calls for.
        if Files.exists(check) {
            let result = try AgentError.during(check) { () throws(UnixError) in
                try Child.run(check, ["-p", device], seconds: checkTime)
            }
            // See e2fsck(8): up to 3, it found nothing or mended it.
            guard case .exited(0...3) = result.end else { throw .damagedUserDisk }
        }
        do throws(UnixError) {
            try makeDirectory(userDisk)
            try Mounts.mount(device, at: userDisk, type: "ext4")
        } catch {
            throw error.code == UnixError.noDevice ? .noFileSystem("ext4") : .failed(userDisk, error)
        }
    }

    /// The disk that has the serial number.
    private static func device(serial: String) -> String? {
        let disks = (try? Files.names(in: "/sys/block")) ?? []
        return disks.first { disk in
            guard let file = try? FileDescriptor.open("/sys/block/\(disk)/serial", .read),
                let bytes = try? file.readAll(limit: 256)
            else { return false }
            return bytes.prefix { $0 != 0x0A && $0 != 0 }.elementsEqual(serial.utf8)
        }.map { "/dev/\($0)" }
    }

    private static func makeDirectory(_ path: String) throws(UnixError) {
        try BytePath(Array(path.utf8))?.makeDirectories(mode: 0o755, above: 0o755)
    }
}

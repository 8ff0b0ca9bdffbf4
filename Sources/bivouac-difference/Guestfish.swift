internal import Unix

/// guestfish(1) of libguestfs, which boots a small machine of its own to read a file system that is not read
/// here, and writes it to standard output as a tar archive.
struct Guestfish {
    /// An account number that nobody else has, and a directory that is its own: the disk listens there.
    let account: UInt32
    let directory: String
    let isBtrfs: Bool
    /// Whether machines of this node run on KVM.
    let usesKVM: Bool

    static let program = "/usr/bin/guestfish"

    /// The machine's own disk is a sparse file of 4 GiB.
    private static let fileSize: UInt64 = 5 << 30
    private static let processorSeconds: UInt64 = 3600

    /// Becomes the program, without any right and without a network; returns only when that cannot be.
    func become() throws(UnixError) -> Int32 {
        Process.closeDescriptors(from: 3)
        let limits = [
            (ResourceLimit.fileSize, Self.fileSize), (ResourceLimit.processorTime, Self.processorSeconds),
            (ResourceLimit.coreSize, 0),
        ]
        for (resource, most) in limits {
            try ResourceLimit(resource: resource, soft: most, hard: most).apply()
        }
        try Process.leaveNetwork()
        let groups = usesKVM ? try Files.status("/dev/kvm").map { [$0.gid] } ?? [] : []
        try Identity(uid: account, gid: account, groups: groups).assume()
        // Behind the change of account, which would make it forgotten.
        try Process.endWithParent()
        let script = directory + "/script"
        try Files.write(commands, to: script)
        guard let path = BytePath(Array(Self.program.utf8)) else { return UnixError.invalid }
        return Execution(
            path: path, arguments: ["guestfish", "-f", script].map { Array($0.utf8) },
            environment: environment.map { Array($0.utf8) }
        ).perform()
    }

    private var commands: String {
        // All subvolumes of a btrfs, not only the one that is mounted when nothing is said. The machine's kernel
        // hands what it does not know to the tar in it, which leaves the holes of files out.
        """
        append TAR_OPTIONS=--sparse
        add "" protocol:nbd server:unix:\(directory)/disk format:raw readonly:true
        run
        mount-options "\(isBtrfs ? "ro,subvolid=5" : "ro")" /dev/sda /
        tar-out / - numericowner:true xattrs:true

        """
    }

    private var environment: [String] {
        [
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "HOME=" + directory, "TMPDIR=" + directory,
            "LIBGUESTFS_CACHEDIR=" + directory, "XDG_RUNTIME_DIR=" + directory, "LIBGUESTFS_BACKEND=direct",
        ] + (usesKVM ? [] : ["LIBGUESTFS_BACKEND_SETTINGS=force_tcg"])
    }
}

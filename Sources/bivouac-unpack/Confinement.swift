internal import Unix

/// What the program keeps of its rights: two open files, some memory and some time.
struct Confinement {
    /// Seconds of processor time.
    let seconds: UInt64
    /// Bytes of a file that may be written.
    let fileSize: UInt64

    /// The account that owns nothing; its number is the kernel's for whom it does not know.
    private static let nobody: UInt32 = 65_534
    /// Bytes of address space: the programs themselves, and the largest dictionary that the packings have.
    private static let memory: UInt64 = 2 << 30
    private static let openFiles: UInt64 = 32

    /// Gives up everything else, for good.
    func enter() throws(UnixError) {
        Process.closeDescriptors(from: 3)
        let limits: [(UInt8, UInt64)] = [
            (ResourceLimit.processorTime, seconds), (ResourceLimit.fileSize, fileSize),
            (ResourceLimit.addressSpace, Self.memory), (ResourceLimit.coreSize, 0),
            (ResourceLimit.openFiles, Self.openFiles),
        ]
        for (resource, most) in limits {
            try ResourceLimit(resource: resource, soft: most, hard: most).apply()
        }
        if Process.effectiveUser == 0 {
            try Process.leaveNetwork()
            try Identity(uid: Self.nobody, gid: Self.nobody, groups: []).assume()
        }
        // Behind the change of account, which would make it forgotten.
        try Process.endWithParent()
    }
}

internal import Unix

/// What the program keeps of its rights: two open files, some memory and some time.
struct Confinement {
    /// Seconds of processor time.
    let seconds: UInt64
    /// Bytes of a file that may be written.
    let fileSize: UInt64

    /// A number for each process that no account and no other process has: what it hands over is not verified
    /// by a list's digest, so that nobody else may trace or signal it.
    private static let account = 0xF000_0000 + UInt32(Process.id)
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
            try Identity(uid: Self.account, gid: Self.account, groups: []).assume()
        }
        // Behind the change of account, which would make it forgotten.
        try Process.endWithParent()
    }
}

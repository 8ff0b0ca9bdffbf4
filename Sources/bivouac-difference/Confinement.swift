internal import Unix

/// What this program may do once it reads what a guest wrote.
enum Confinement {
    /// `nobody` wherever there is one; the filter of system calls leaves it nothing that others of that name
    /// could be harmed with.
    private static let nobody: UInt32 = 65534

    private static let addressSpace: UInt64 = 4 << 30
    private static let processorSeconds: UInt64 = 600

    /// Gives up root, everything that the kernel offers but reading what is open, and time and memory without end;
    /// keeps the descriptors below `count`, and takes connections where it must.
    static func enter(keeping count: Int32, accepting: Bool = false) throws(UnixError) {
        Process.clearEnvironment()
        Process.closeDescriptors(from: count)
        for (resource, limit): (UInt8, UInt64) in [
            (ResourceLimit.processorTime, processorSeconds), (ResourceLimit.addressSpace, addressSpace),
            (ResourceLimit.coreSize, 0),
        ] {
            try ResourceLimit(resource: resource, soft: limit, hard: limit).apply()
        }
        if Process.effectiveUser == 0 { try Identity(uid: nobody, gid: nobody, groups: []).assume() }
        // Who goes away before the answer ends no server.
        if accepting { Signals.ignoreBrokenPipes() }
        try Process.endWithParent()
        try SystemCallFilter.readOnly(accepting: accepting)
    }
}

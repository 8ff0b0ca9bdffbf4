internal import CLinux

/// One limit of getrlimit(2); the resource by its number on Linux.
package struct ResourceLimit: Hashable, Sendable {
    /// Number of resources that Linux knows: `RLIMIT_CPU` 0 to `RLIMIT_RTTIME` 15.
    package static let resources: Range<UInt8> = 0..<16
    package static let processorTime: UInt8 = 0
    package static let fileSize: UInt8 = 1
    package static let coreSize: UInt8 = 4
    package static let openFiles: UInt8 = 7
    package static let addressSpace: UInt8 = 9

    package var resource: UInt8
    /// `UInt64.max` is no limit.
    package var soft: UInt64
    package var hard: UInt64

    package init(resource: UInt8, soft: UInt64, hard: UInt64) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }

    /// This process's limits.
    ///
    /// The corresponding C function is `getrlimit`.
    package static var all: [ResourceLimit] {
        resources.compactMap { resource in
            var limit = rlimit()
            guard unsafe linux_getrlimit(Int32(resource), &limit) == 0 else { return nil }
            return ResourceLimit(
                resource: resource, soft: UInt64(limit.rlim_cur), hard: UInt64(limit.rlim_max))
        }
    }

    /// Sets the limit for this process.
    ///
    /// The corresponding C function is `setrlimit`.
    package func apply() throws(UnixError) {
        var limit = rlimit(rlim_cur: rlim_t(soft), rlim_max: rlim_t(hard))
        let number = Int32(resource)
        try checked("setrlimit") { unsafe linux_setrlimit(number, &limit) }
    }
}

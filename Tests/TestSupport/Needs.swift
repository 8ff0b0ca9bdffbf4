// The static standard library comes without Testing, and a build of all targets compiles this one too.
#if canImport(Testing)
    import Foundation
    package import Testing

    extension Trait where Self == ConditionTrait {
        /// For what only root may do, such as giving a file away.
        package static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root") }
        /// For what the kernel has to guard a file by.
        package static var needsVerity: Self {
            .enabled(
                if: geteuid() == 0 && FileManager.default.fileExists(atPath: "/sys/fs/ext4/features/verity"),
                "needs root and a kernel with fs-verity for ext4 (CONFIG_FS_VERITY)")
        }
        /// For a store that nodes share by NFS: a server of the kernel's own and a mount of it, see `NFS`.
        package static var needsNFS: Self {
            .enabled(if: NFS.here != nil, "needs an NFS server of its own: see Tests/guests/kernel --help")
        }
        /// For what a parser of Python's has to say of our YAML.
        package static var needsYAML: Self {
            .enabled(
                if: FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/yaml"),
                "needs python3-yaml")
        }
    }
#endif

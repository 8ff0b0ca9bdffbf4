// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .strictMemorySafety(),
    // For every module alike: C types of one header must not differ between two importers.
    .unsafeFlags(["-Xcc", "-D_GNU_SOURCE"]),
    .treatAllWarnings(as: .error),
]

/// A library target; what stands in `uses` is all that it may import.
func module(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// A program that links the system's shared libraries.
func program(
    _ name: String, uses dependencies: [Target.Dependency], linker: [LinkerSetting] = []
) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: settings, linkerSettings: linker)
}

/// A program that is one file and reads nothing from the loader: it runs with a user's environment or in a
/// guest of any distribution.
func staticProgram(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, swiftSettings: settings,
        linkerSettings: [.unsafeFlags(["-static-executable"])])
}

func tests(_ name: String, uses dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String? = nil, apt package: String? = nil) -> Target {
    .systemLibrary(
        name: name, pkgConfig: pkgConfig, providers: package.map { [.apt([$0])] } ?? [])
}

let package = Package(
    name: "bivouac",
    targets: [
        system("CLinux"),
        system("CLibvirt", pkgConfig: "libvirt", apt: "libvirt-dev"),
        system("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CArchive", pkgConfig: "libarchive", apt: "libarchive-dev"),
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
        .target(name: "CDeadline"),
        .target(name: "CToml", cxxSettings: [.define("TOML_EXCEPTIONS", to: "0")]),

        // Values.
        module("JSON"),
        module("Job"),
        module("Download"),

        // One system library each.
        module("Unix", uses: ["CLinux"]),
        module("Archive", uses: ["CArchive"]),
        module("Compression", uses: ["CZlib"]),
        module("Digest", uses: ["COpenSSL"]),
        module("Fetch", uses: ["CCurl", "CLinux", "Download"]),
        module("Libvirt", uses: ["CDeadline", "CLibvirt"]),
        module("NameService", uses: ["Job"]),

        // What a site trusts and allows.
        module("Site", uses: ["CToml", "Job"]),
        module("ImageTrust", uses: ["COpenSSL", "Digest", "JSON", "Job", "Unix"]),
        module("Policy", uses: ["Digest", "ImageTrust", "Job", "Site"]),

        module("ListStore", uses: ["ImageTrust", "Job", "Policy", "Site", "Unix"]),

        // What a machine is made of.
        module("Disk", uses: ["Compression", "Unix"]),
        module("ImageStore", uses: ["Digest", "Disk", "Download", "Job", "Unix"]),
        module("GuestProtocol", uses: ["JSON", "Job", "Unix"]),
        module("Staging", uses: ["GuestProtocol", "Unix"]),
        module("JobContext", uses: ["Archive", "Digest", "JSON", "Job", "Unix"]),

        // What stays behind.
        module("Audit", uses: ["Digest", "JSON", "Job", "Unix"]),
        module("Evidence", uses: ["Digest", "Job", "Unix"]),

        // What a machine changed.
        module("Ext4", uses: ["Disk"]),
        module("Difference", uses: ["Digest", "Disk", "Ext4", "JSON", "Unix"]),

        // What comes from elsewhere; no hook waits for it.
        module(
            "ListRefresh",
            uses: [
                "Audit", "Digest", "Download", "Fetch", "ImageTrust", "JSON", "Job", "ListStore", "Policy",
                "Site", "Unix",
            ]),

        // The life of a job.
        module("Batch", uses: ["JSON", "Job", "NameService", "Site", "Unix"]),
        module(
            "JobMachine",
            uses: [
                "Audit", "Batch", "Compression", "Digest", "Evidence", "Fetch", "GuestProtocol", "ImageStore",
                "ImageTrust", "JSON", "Job", "JobContext", "Libvirt", "ListStore", "NameService", "Policy",
                "Site", "Unix",
            ]),
        module("Guest", uses: ["GuestProtocol", "Job", "Staging", "Unix"]),

        // What people type.
        module("Command", uses: ["Batch", "Job", "Site", "Unix"]),
        module("Endorsing", uses: ["Batch", "Command", "ImageTrust", "Job", "Policy", "Site", "Unix"]),

        program("bivouac-prologue", uses: ["Batch", "JobMachine", "Policy", "Site"]),
        program("bivouac-unpack", uses: ["Archive", "Job", "Unix"]),
        program("bivouac-share", uses: ["Job", "Unix"]),
        program("bivouac-epilogue", uses: ["Batch", "Job", "JobMachine", "Site"]),
        // What an operator types: the first is small and runs anywhere, the second has the libraries of a node.
        program("bivouac", uses: ["Batch", "Command", "Endorsing", "Unix"]),
        program(
            "bivouac-operator",
            uses: [
                "Audit", "Batch", "Command", "Difference", "Digest", "Endorsing", "Evidence", "GuestProtocol",
                "ImageStore",
                "ImageTrust", "JSON", "Job", "JobContext", "JobMachine",
                "Libvirt", "ListRefresh", "ListStore", "NameService", "Policy", "Site", "Unix",
            ]),
        program("bivouac-difference", uses: ["Difference", "Digest", "Disk", "JSON", "Unix"]),
        staticProgram("bivouac-run", uses: ["GuestProtocol", "JSON", "Job", "Staging", "Unix"]),
        staticProgram("bivouac-task-prolog", uses: ["Unix"]),
        staticProgram("bivouac-guest", uses: ["Guest", "Unix"]),
        program(
            "bivouac-bench",
            uses: [
                "Digest", "Evidence", "Fetch", "ImageStore", "ImageTrust", "JSON", "Job", "JobContext",
                "JobMachine", "Libvirt", "ListStore", "NameService", "Policy", "Site", "Unix",
            ]),

        // Links what it uses and no more, as a program that does one thing would.
        program(
            "bivouac-bench-overlay", uses: ["Digest", "ImageStore", "Unix"],
            linker: [.unsafeFlags(["-Xlinker", "--as-needed"])]),

        .target(
            name: "TestSupport", dependencies: ["Unix"], path: "Tests/TestSupport", swiftSettings: settings),
        tests("JSONTests", uses: ["JSON"]),
        tests("JobTests", uses: ["Job"]),
        tests("UnixTests", uses: ["Unix"]),
        tests("NameServiceTests", uses: ["Job", "NameService"]),
        tests("CompressionTests", uses: ["Compression", "TestSupport"]),
        tests("DigestTests", uses: ["Digest"]),
        tests("LibvirtTests", uses: ["Libvirt"]),
        tests("SiteTests", uses: ["Job", "Site"]),
        tests("ImageTrustTests", uses: ["Digest", "ImageTrust", "JSON", "Job", "Unix"]),
        tests("PolicyTests", uses: ["Digest", "ImageTrust", "Job", "Policy", "Site"]),
        tests("FetchTests", uses: ["Download", "Fetch", "TestSupport", "Unix"]),
        tests(
            "ListRefreshTests",
            uses: [
                "Audit", "Digest", "ImageTrust", "JSON", "Job", "JobMachine", "ListRefresh", "ListStore",
                "Site",
                "TestSupport", "Unix",
            ]),
        tests(
            "ImageStoreTests",
            uses: ["Digest", "Disk", "Fetch", "ImageStore", "Job", "TestSupport", "Unix"]),
        tests("GuestProtocolTests", uses: ["GuestProtocol", "JSON", "Job", "Unix"]),
        tests("StagingTests", uses: ["GuestProtocol", "Staging", "TestSupport", "Unix"]),
        tests("JobContextTests", uses: ["Digest", "Job", "JobContext", "TestSupport", "Unix"]),
        tests("GuestTests", uses: ["Guest", "GuestProtocol", "Job", "TestSupport", "Unix"]),
        tests("AuditTests", uses: ["Audit", "JSON", "Job", "TestSupport", "Unix"]),
        tests("EvidenceTests", uses: ["Digest", "Evidence", "Job", "TestSupport", "Unix"]),
        tests(
            "DifferenceTests", uses: ["Difference", "Disk", "Ext4", "JSON", "TestSupport", "Unix"]),
        tests("BatchTests", uses: ["Batch", "Job", "Site", "TestSupport", "Unix"]),
        tests(
            "JobMachineTests",
            uses: [
                "Batch", "Evidence", "GuestProtocol", "Job", "JobMachine", "Libvirt", "Site", "TestSupport",
                "Unix",
            ]),
        .testTarget(
            name: "HookTests",
            dependencies: [
                "Audit", "Command", "Evidence", "GuestProtocol", "JSON", "Job", "JobMachine", "Libvirt",
                "Site",
                "TestSupport", "Unix", "bivouac-operator",
            ],
            exclude: [
                "job_submit.lua", "cli_filter.lua", "Crash/machine-room", "Crash/qemu", "Crash/squeue",
                "Crash/qstat", "OpenPBS/pbs.py",
            ],
            swiftSettings: settings),
        tests("MachineTests", uses: ["Evidence", "GuestProtocol", "Job", "Site", "TestSupport", "Unix"]),
        tests("StyleTests", uses: []),
    ],
    cxxLanguageStandard: .cxx17
)

// A static program takes no sanitizer: those look at what decides whom to trust, and that alone is built for them.
if Context.environment["BIVOUAC_SANITIZER"] != nil {
    let looked: Set<String> = [
        "CLinux", "COpenSSL", "CToml", "JSON", "Job", "Unix", "Digest", "Site", "ImageTrust", "Policy",
        "JSONTests", "JobTests", "DigestTests", "SiteTests", "ImageTrustTests", "PolicyTests",
    ]
    package.targets.removeAll { !looked.contains($0.name) }
}

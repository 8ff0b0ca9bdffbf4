import Job

extension Site {
    static let keys = [
        "cluster", "anchors", "maximum_list_age", "virtualization", "boot_timeout", "prologue_timeout",
        "silence_timeout",
        "qemu_accounts", "libvirt", "libvirt_timeout", "memory_overhead", "queue", "store", "evidence",
        "fetch",
        "revoked", "drain", "hs06_per_cpu", "scheduler", "exports",
    ]

    /// Decodes `site.toml`.
    init(_ section: Section) throws(SiteFault) {
        let cluster = try section.string(
            "cluster", rule: "1 to 32 letters, digits, '_' and '-', the first a letter or digit"
        ) { JobKey.isCluster($0) }
        self.init(cluster: try section.required("cluster", cluster, example: "\"NAME\""))
        scheduler = try section.choice("scheduler", BatchSystem.self) ?? scheduler
        anchors =
            try section.string("anchors", rule: "an absolute path") {
                $0.hasPrefix("/") && Section.isLine($0, limit: 1024)
            } ?? anchors
        maximumListAge = try section.seconds("maximum_list_age", in: 1...3650 * 86_400) ?? maximumListAge
        virtualization = try section.choice("virtualization", Virtualization.self) ?? virtualization
        bootTimeout = Int(try section.seconds("boot_timeout", in: 1...3600) ?? Int64(bootTimeout))
        prologueTimeout = Int(
            try section.seconds("prologue_timeout", in: 1...86_400) ?? Int64(prologueTimeout))
        // The agent gives a sign of life every few seconds.
        silenceTimeout = Int(try section.seconds("silence_timeout", in: 20...3600) ?? Int64(silenceTimeout))
        guard bootTimeout <= prologueTimeout else {
            throw section.fault(
                at: "prologue_timeout",
                "is \(TimeSpan.text(Int64(prologueTimeout))), shorter than 'boot_timeout' "
                    + "(\(TimeSpan.text(Int64(bootTimeout)))): make it longer or that one shorter")
        }
        qemuAccounts =
            try section.string(
                "qemu_accounts",
                rule: "1 to 24 lower-case letters, digits, '_' and '-', the first a letter or '_'"
            ) { Self.isAccount($0) } ?? qemuAccounts
        libvirt =
            try section.string("libvirt", rule: "the URI of a connection, like qemu:///system") {
                $0.contains(":") && Section.isVisible($0, limit: 1024)
            } ?? libvirt
        libvirtTimeout = Int(try section.seconds("libvirt_timeout", in: 1...600) ?? Int64(libvirtTimeout))
        memoryOverhead =
            try section.size("memory_overhead", in: ByteCount(0)...ByteCount(1 << 40))
            ?? memoryOverhead
        if let section = try section.section("exports", keys: nil) { exports = try Export.all(section) }
        if let queues = try section.section("queue", keys: nil) {
            for name in queues.names {
                guard ImageName.isWord(name) else {
                    throw queues.fault(
                        at: name,
                        "is no queue: 1 to 64 letters, digits, '.', '_' and '-', the first a letter or digit")
                }
                self.queues[name] = try queues.section(name, keys: Queue.keys).map {
                    (section) throws(SiteFault) in
                    try Queue(name: name, section, exports: exports.map(\.name))
                }
            }
        }
        if let section = try section.section("store", keys: StoreRule.keys) { store = try StoreRule(section) }
        if let section = try section.section("evidence", keys: EvidenceRule.keys) {
            evidence = try EvidenceRule(section)
        }
        if let section = try section.section("fetch", keys: FetchRule.keys) { fetch = try FetchRule(section) }
        revoked = try section.choice("revoked", RevokedRule.self) ?? revoked
        drain = try section.seconds("drain", in: 0...30 * 86_400)
        hs06 = try section.string("hs06_per_cpu", rule: "a number like \"12.5\"") { Benchmark($0) != nil }
            .flatMap { Benchmark($0) }
    }

    private static func isAccount(_ text: String) -> Bool {
        func letter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_") }
        guard (1...24).contains(text.utf8.count), let first = text.utf8.first, letter(first) else {
            return false
        }
        return text.utf8.allSatisfy { letter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
    }
}

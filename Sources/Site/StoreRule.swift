package import Job

/// How much room the node's images may take, how they come, and what keeps them good.
package struct StoreRule: Hashable, Sendable {
    /// The most that images may take together.
    package var limit: ByteCount
    /// The most that they may take for each VO, list or user.
    package var quota: ImageQuota
    /// A directory laid out as a node's own store, which others fill and this node only reads.
    package var shared: String?
    /// Whether `tick` tells the batch system which images the node has.
    package var publish: Bool
    /// Seconds within which `tick` reads every image again; 0 never does.
    package var verify: Int64
    /// Where an image is looked for first, under its SHA-512; nil for nowhere.
    package var mirror: String?
    /// The most that one transfer takes in a second; nil for as much as can.
    package var bandwidth: ByteCount?

    /// A rule with the default for what is left out.
    package init(
        limit: ByteCount = .mebibytes(200 << 10), quota: ImageQuota = ImageQuota(), shared: String? = nil,
        publish: Bool = false, verify: Int64 = 30 * 86_400
    ) {
        self.limit = limit
        self.quota = quota
        self.shared = shared
        self.publish = publish
        self.verify = verify
    }
}

extension StoreRule {
    static let keys = ["limit", "quota", "shared", "publish", "verify", "mirror", "bandwidth"]

    init(_ section: Section) throws(SiteFault) {
        self.init()
        limit = try section.size("limit", in: Self.sizes) ?? limit
        if let section = try section.section("quota", keys: ImageQuota.keys) {
            quota = try ImageQuota(section)
        }
        shared = try section.string("shared", rule: "the absolute path of a directory") {
            $0.hasPrefix("/") && Section.isLine($0, limit: 512)
        }
        publish = try section.boolean("publish") ?? publish
        verify = try section.seconds("verify", in: 0...3650 * 86_400) ?? verify
        mirror = try section.string(
            "mirror", rule: "an address like http://HOST/images without a password or a '/' at its end"
        ) { text in
            ["http://", "https://", "file:///"].contains { text.hasPrefix($0) && text.count > $0.count }
                && !text.hasSuffix("/") && !text.contains { "@?#".contains($0) }
                && Section.isVisible(text, limit: 1024)
        }
        bandwidth = try section.size("bandwidth", in: ByteCount(64 << 10)...ByteCount(1 << 40))
    }

    fileprivate static var sizes: ClosedRange<ByteCount> { .mebibytes(1)...ByteCount(1 << 60) }
}

extension ImageQuota {
    /// `vo` for each VO and `vos` for those by name, and so on.
    static let keys = Kind.allCases.flatMap { [$0.rawValue, $0.rawValue + "s"] }

    init(_ section: Section) throws(SiteFault) {
        self.init()
        for kind in Kind.allCases {
            each[kind] = try section.size(kind.rawValue, in: StoreRule.sizes)
            guard let names = try section.section(kind.rawValue + "s", keys: nil) else { continue }
            for name in names.names {
                named[kind, default: [:]][name] = try names.size(name, in: StoreRule.sizes)
            }
        }
    }
}

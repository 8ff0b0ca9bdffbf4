package import Job

/// How much room the node's images may take, and what keeps them good.
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
    static let keys = ["limit", "quota", "shared", "publish", "verify"]

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

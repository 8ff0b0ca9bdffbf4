package import Job

/// How much room the node's images may take.
package struct StoreRule: Hashable, Sendable {
    /// The most that images may take together.
    package var limit: ByteCount

    /// A rule with the default for what is left out.
    package init(limit: ByteCount = .mebibytes(200 << 10)) { self.limit = limit }
}

extension StoreRule {
    static let keys = ["limit"]

    init(_ section: Section) throws(SiteFault) {
        self.init()
        limit = try section.size("limit", in: .mebibytes(1)...ByteCount(1 << 60)) ?? limit
    }
}

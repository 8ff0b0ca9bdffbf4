package import Job

/// How much room the node's images may take, and how they come.
package struct StoreRule: Hashable, Sendable {
    /// The most that images may take together.
    package var limit: ByteCount
    /// Where an image is looked for first, under its SHA-512; nil for nowhere.
    package var mirror: String?
    /// The most that one transfer takes in a second; nil for as much as can.
    package var bandwidth: ByteCount?

    /// A rule with the default for what is left out.
    package init(limit: ByteCount = .mebibytes(200 << 10)) { self.limit = limit }
}

extension StoreRule {
    static let keys = ["limit", "mirror", "bandwidth"]

    init(_ section: Section) throws(SiteFault) {
        self.init()
        limit = try section.size("limit", in: .mebibytes(1)...ByteCount(1 << 60)) ?? limit
        mirror = try section.string(
            "mirror", rule: "an address like http://HOST/images without a password or a '/' at its end"
        ) { text in
            ["http://", "https://", "file:///"].contains { text.hasPrefix($0) && text.count > $0.count }
                && !text.hasSuffix("/") && !text.contains { "@?#".contains($0) }
                && Section.isVisible(text, limit: 1024)
        }
        bandwidth = try section.size("bandwidth", in: ByteCount(64 << 10)...ByteCount(1 << 40))
    }
}

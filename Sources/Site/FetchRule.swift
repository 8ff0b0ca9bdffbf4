/// How image lists are fetched from servers.
package struct FetchRule: Hashable, Sendable {
    /// Seconds between two refreshes of a list by `tick`, at least.
    package var refresh: Int64
    /// A directory of `<hash>.0` files of the authorities whose word for a server counts; nil for the
    /// distribution's.
    package var serverAnchors: String?
    /// `http://HOST:PORT`; nil goes straight to the server.
    package var proxy: String?

    /// A rule with the default for what is left out.
    package init(refresh: Int64 = 3600, serverAnchors: String? = nil, proxy: String? = nil) {
        self.refresh = refresh
        self.serverAnchors = serverAnchors
        self.proxy = proxy
    }
}

extension FetchRule {
    static let keys = ["refresh", "server_anchors", "proxy"]

    init(_ section: Section) throws(SiteFault) {
        self.init()
        refresh = try section.seconds("refresh", in: 60...30 * 86_400) ?? refresh
        serverAnchors = try section.string("server_anchors", rule: "the absolute path of a directory") {
            $0.hasPrefix("/") && Section.isLine($0, limit: 1024)
        }
        proxy = try section.string("proxy", rule: "an address like http://HOST:PORT without a password") {
            $0.hasPrefix("http://") && $0.utf8.count > 7 && !$0.contains("@")
                && Section.isVisible($0, limit: 256)
        }
    }
}

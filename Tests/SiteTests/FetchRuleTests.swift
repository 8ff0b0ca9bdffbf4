import Job
import Testing

@testable import Site

@Suite("How a site wants lists fetched and revocations treated") struct FetchRuleTests {
    static func fault(_ text: String) throws -> String? {
        try ScratchSite(["site.toml": "cluster = \"demo\"\n" + text]).error()
    }

    @Test(
        "without a word lists are refreshed every hour, from servers the distribution vouches for, without a proxy"
    )
    func defaults() throws {
        let scratch = try ScratchSite(["site.toml": "cluster = \"demo\"\n"])
        let site = try Site.load(places: scratch.places)
        #expect(site.fetch == FetchRule(refresh: 3600, serverAnchors: nil, proxy: nil))
        #expect(site.revoked == .report)
    }

    @Test("all of it can be said")
    func all() throws {
        let scratch = try ScratchSite([
            "site.toml": """
            cluster = "demo"
            revoked = "destroy"
            [fetch]
            refresh = "6h"
            server_anchors = "/etc/grid-security/certificates"
            proxy = "http://proxy.example.org:3128"
            """
        ])
        let site = try Site.load(places: scratch.places)
        #expect(site.revoked == .destroy)
        #expect(
            site.fetch
                == FetchRule(
                    refresh: 21_600, serverAnchors: "/etc/grid-security/certificates",
                    proxy: "http://proxy.example.org:3128"))
    }

    @Test("what becomes of a revoked machine is one of four words", arguments: RevokedRule.allCases)
    func revoked(_ rule: RevokedRule) throws {
        let scratch = try ScratchSite(["site.toml": "cluster = \"demo\"\nrevoked = \"\(rule.rawValue)\"\n"])
        #expect(try Site.load(places: scratch.places).revoked == rule)
        #expect(try Self.fault("revoked = \"ignore\"")?.hasPrefix("site.toml:2:1: 'revoked' ") == true)
        #expect(RevokedRule.allCases == RevokedRule.allCases.sorted())
    }

    @Test(
        "what makes no sense is refused",
        arguments: [
            "revoked = \"ignore\"", "[fetch]\nrefresh = \"1s\"", "[fetch]\nserver_anchors = \"certificates\"",
            "[fetch]\nproxy = \"socks5://localhost\"", "[fetch]\nproxy = \"http://me:secret@proxy:3128\"",
            "[fetch]\nverify = false",
        ])
    func nonsense(_ text: String) throws {
        #expect(try Self.fault(text) != nil)
    }

    @Test(
        "a denial that a program writes is read back as it was meant",
        arguments: [
            "kernel hole", "it's \"bad\" \\ worse", "Löcher",
        ])
    func denial(_ reason: String) throws {
        let file = DenialFile(sha512: String(repeating: "ab", count: 64))
        let text = try #require(file.text(reason: reason))
        let scratch = try ScratchSite(["site.toml": "cluster = \"demo\"\n", "deny.d/\(file.name)": text])
        let site = try Site.load(places: scratch.places)
        #expect(site.faults == [])
        #expect(site.denials.map(\.reason) == [reason])
        #expect(site.denials.map(\.sha512) == [[file.sha512]])
        #expect(text.hasPrefix(DenialFile.marker + "\n"))
    }

    @Test("a reason that is no line is none", arguments: ["", "a\nb", String(repeating: "x", count: 501)])
    func noReason(_ reason: String) {
        #expect(DenialFile(sha512: "ab").text(reason: reason) == nil)
    }
}

import Job
import Site
import Testing

@Suite("The rule for the node's images")
struct StoreRuleTests {
    private func fault(_ text: String) throws -> String? {
        try ScratchSite(["site.toml": "cluster = \"x\"\n" + text]).error()
    }

    @Test("every key is read, and a name's own quota overrules that of each")
    func all() throws {
        let scratch = try ScratchSite([
            "site.toml": """
            cluster = "x"
            [store]
            limit = "40 GiB"
            shared = "/nfs/bivouac/images"
            publish = true
            verify = "14d"
            [store.quota]
            vo = "20 GiB"
            user = "10 GiB"
            vos = { atlas = "30 GiB", "dune.org" = "1 GiB" }
            [store.quota.lists]
            demo = "2 GiB"
            """
        ])
        let rule = try Site.load(places: scratch.places).store
        #expect(rule.limit == .mebibytes(40 << 10) && rule.shared == "/nfs/bivouac/images")
        #expect(rule.publish && rule.verify == 14 * 86_400)
        #expect(rule.quota.limit(.vo, of: "atlas") == .mebibytes(30 << 10))
        #expect(rule.quota.limit(.vo, of: "dune.org") == .mebibytes(1 << 10))
        #expect(rule.quota.limit(.vo, of: "cms") == .mebibytes(20 << 10))
        #expect(rule.quota.limit(.list, of: "demo") == .mebibytes(2 << 10))
        #expect(rule.quota.limit(.list, of: "other") == nil)
        #expect(rule.quota.limit(.user, of: "ann") == .mebibytes(10 << 10))
    }

    @Test(
        "what makes no sense is refused",
        arguments: [
            "[store]\nshared = \"images\"", "[store]\npublish = \"yes\"", "[store]\nverify = 3",
            "[store.quota]\nvos = \"1 GiB\"", "[store.quota]\nvo = \"lots\"",
            "[store.quota]\ngroup = \"1 GiB\"",
            "[store.quota.users]\nann = \"1 B\"", "[store]\nquota = \"1 GiB\"",
        ])
    func nonsense(text: String) throws {
        #expect(try fault(text) != nil)
    }
}

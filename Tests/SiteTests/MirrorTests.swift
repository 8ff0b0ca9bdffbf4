import Job
import Testing

@testable import Site

@Suite("How a site wants images fetched") struct MirrorTests {
    static func load(_ lines: String) throws -> StoreRule {
        let scratch = try ScratchSite(["site.toml": "cluster = \"demo\"\n[store]\n" + lines])
        return try Site.load(places: scratch.places).store
    }

    @Test("without a word there is no mirror, and no limit of speed")
    func defaults() throws {
        let rule = try Self.load("")
        #expect(rule.mirror == nil && rule.bandwidth == nil)
    }

    @Test(
        "a mirror is a place on a server or of this node",
        arguments: [
            "http://mirror.example.org/images", "https://mirror:8443/a/b", "file:///srv/images",
        ])
    func mirror(_ place: String) throws {
        #expect(try Self.load("mirror = \"\(place)\"").mirror == place)
    }

    @Test(
        "a mirror of any other kind is refused",
        arguments: [
            "", "mirror", "http://", "ftp://a/b", "http://a/b/", "http://me:secret@a/b", "http://a/b?c",
            "file:///",
            "file://host/a", "http://a b",
        ])
    func noMirror(_ place: String) throws {
        let scratch = try ScratchSite(["site.toml": "cluster = \"demo\"\n[store]\nmirror = \"\(place)\"\n"])
        #expect(scratch.error()?.contains("'mirror' in [store]") == true)
    }

    @Test("a bandwidth is an amount for each second, none too small to be of use")
    func bandwidth() throws {
        #expect(try Self.load("bandwidth = \"50 MiB\"").bandwidth == .mebibytes(50))
        let scratch = try ScratchSite(["site.toml": "cluster = \"demo\"\n[store]\nbandwidth = \"1 KiB\"\n"])
        #expect(scratch.error()?.contains("'bandwidth' in [store]") == true)
    }
}

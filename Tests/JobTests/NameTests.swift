import Job
import Testing

@Suite("Names can only be made valid")
struct NameTests {
    @Test(
        "job ids of the three schedulers are names",
        arguments: ["1", "4294967294", "123[4].server.example.org", "17.pbs"])
    func jobIDs(text: String) {
        #expect(JobID(text)?.description == text)
    }

    @Test(
        "a job id is no path and no option",
        arguments: ["", ".", "..", "a/b", "-1", "1 2", "1\n", "é", "1;2", String(repeating: "9", count: 65)])
    func badJobIDs(text: String) {
        #expect(JobID(text) == nil)
    }

    @Test("a key is read back, also from a cluster with hyphens")
    func keys() throws {
        let job = try #require(JobID("4711"))
        let key = try #require(JobKey(cluster: "grid-a_1", job: job))
        #expect(key.description == "grid-a_1-4711")
        #expect(JobKey("grid-a_1-4711") == key)
    }

    @Test(
        "a cluster is a plain word",
        arguments: ["", "-a", "a/b", "a.b", "a b", String(repeating: "a", count: 33)])
    func badClusters(cluster: String) throws {
        #expect(JobKey(cluster: cluster, job: try #require(JobID("1"))) == nil)
    }

    @Test("a machine's name is read back from its domain; others' domains are not ours")
    func machines() throws {
        let key = try #require(JobKey("demo-12"))
        let name = MachineName(key: key, attempt: 3)
        #expect(name.domain == "bivouac-demo-12.3")
        #expect(MachineName(domain: name.domain) == name)
        for other in [
            "demo-12.3", "bivouac-demo-12", "bivouac-", "bivouac-demo-12.-1", "bivouac-demo-12.x", "web",
        ] {
            #expect(MachineName(domain: other) == nil)
        }
    }

    @Test(
        "an image is LIST/ALIAS or LIST/UUID",
        arguments: ["demo/minimal", "a.b-c/0b6e8d3a-0000-4000-8000-000000000000"])
    func images(text: String) {
        #expect(ImageName(text)?.description == text)
    }

    @Test(
        "anything else is no image name",
        arguments: [
            "", "demo", "demo/", "/minimal", "demo/a/b", "../x", "demo/..", "demo/a b", "demo/$(id)",
            "demo/-a",
        ])
    func badImages(text: String) {
        #expect(ImageName(text) == nil)
    }
}

@Suite("Amounts, refusals and secrets")
struct ValueTests {
    @Test(
        "a byte count is read and written",
        arguments: [
            ("200 GiB", "200 GiB"), ("512MiB", "512 MiB"), ("1024", "1 KiB"), ("3 B", "3 B"), ("0", "0 B"),
        ])
    func byteCounts(text: String, written: String) {
        #expect(ByteCount(text)?.description == written)
    }

    @Test(
        "an amount without sense is none", arguments: ["", "GiB", "-1", "1 GB", "1.5 GiB", "99999999999 TiB"])
    func badByteCounts(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test("a refusal is one line whatever it quotes")
    func refusals() {
        let refusal = Refusal(.ImageDenied, "deny.d/x\nnext\u{85}line\r\nend")
        #expect(!refusal.description.contains { $0.isNewline })
        #expect(refusal.description.hasPrefix("ImageDenied: "))
    }

    @Test("a secret has no text form")
    func secrets() {
        let secret = Secret(Array("hunter2".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] { #expect(!text.contains("hunter2")) }
    }
}

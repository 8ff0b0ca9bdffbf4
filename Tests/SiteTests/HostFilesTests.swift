import Job
import Site
import Testing

@Suite("What machines see of their host, as the site says")
struct HostFilesTests {
    private static let queue = "[queue.vm]\nallow = [\"a/*\"]\n"

    private func fault(_ text: String) throws -> String? {
        try ScratchSite(["site.toml": "cluster = \"x\"\n" + text]).error()
    }

    @Test("exports have names and paths, and a queue names those that its machines see")
    func exports() throws {
        let scratch = try ScratchSite([
            "site.toml": """
            cluster = "x"
            [exports]
            cvmfs = "/cvmfs"
            software = "/opt/software"
            [queue.vm]
            allow = ["a/*"]
            exports = ["software"]
            user_disk = "2 GiB"
            workdir = "virtiofs"
            [queue.plain]
            allow = ["a/*"]
            """
        ])
        let site = try Site.load(places: scratch.places)
        #expect(site.exports.map(\.name) == ["cvmfs", "software"])
        #expect(site.exports.map(\.path) == ["/cvmfs", "/opt/software"])
        #expect(site.queues["vm"]?.exports == ["software"])
        #expect(site.queues["vm"]?.userDisk == .mebibytes(2048))
        #expect(site.queues["plain"]?.exports == [])
        #expect(site.queues["plain"]?.userDisk == nil)
    }

    @Test(
        "an export that would cover a part of the system is refused",
        arguments: ["/", "cvmfs", "/usr/lib", "/etc", "/cvmfs/../etc", "/a\\nb", ""])
    func badExport(path: String) throws {
        let fault = try fault("[exports]\nx = \"\(path)\"\n" + Self.queue)
        #expect(fault?.contains("'x' in [exports]") == true && fault?.contains("like \"/cvmfs\"") == true)
    }

    @Test("a queue's export that the site has not declared is refused, and more than a machine has room for")
    func unknown() throws {
        #expect(
            try fault(Self.queue + "exports = [\"cvmfs\"]")?.contains("a name that stands in [exports]")
                == true)
        let names = (0..<9).map { "e\($0)" }
        let declared = "[exports]\n" + names.map { "\($0) = \"/data/\($0)\"\n" }.joined()
        let wanted = "exports = [" + names.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        #expect(try fault(declared + Self.queue + wanted)?.contains("a machine has room for 8") == true)
    }

    @Test("a user's disk has a size within bounds", arguments: ["\"1 MiB\"", "\"lots\"", "3", "true"])
    func userDisk(size: String) throws {
        #expect(try fault(Self.queue + "user_disk = \(size)")?.contains("'user_disk' in [queue.vm]") == true)
    }
}

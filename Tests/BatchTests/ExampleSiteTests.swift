import Batch
import Foundation
import Job
import Site
import Testing
import Unix

/// `examples/site`, whole: what a site copies must be right.
@Suite("The example of a site")
struct ExampleSiteTests {
    private static let tree = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        .standardized.path(percentEncoded: false)
    private static let example = tree + "/examples/site"

    private func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    private func site() throws -> Site { try Site.load(places: Places(root: Self.example)) }

    @Test("has a configuration without fault, with two VOs and a queue of ours beside one that is not")
    func configuration() throws {
        let site = try site()
        #expect(site.faults.isEmpty, "\(site.faults)")
        #expect(site.ignored.isEmpty)
        #expect(site.queues.keys.sorted() == ["vm"])
        #expect(Set(site.endorsers.values.map(\.vo)) == ["astro", "bio"])
        #expect(site.lists.keys.sorted() == ["astro", "bio"])
        #expect(site.denials.map(\.everything) == [false])
        #expect(site.snippets.map(\.name) == ["site"])
        let image = try #require(site.queues["vm"]?.image)
        let list = try #require(site.lists[image.list])
        let identifier = try #require(list.images[image.image], "the queue's image has no identifier")
        #expect(!site.denials.contains { $0.identifiers.contains(identifier) }, "the queue's image is denied")
    }

    @Test("explains itself: each file begins with a comment or has one, and README names it")
    func commented() throws {
        let readme = try text(Self.example + "/README.md")
        let files = try FileManager.default.subpathsOfDirectory(atPath: Self.example).filter { name in
            guard name != "README.md" else { return false }
            return try Files.status("\(Self.example)/\(name)")?.kind == .regular
        }
        #expect(files.count == 11)
        for file in files {
            #expect(try text("\(Self.example)/\(file)").contains("# "), "\(file)")
            #expect(readme.contains(file.hasPrefix("etc/bivouac/") ? "etc/bivouac/" : file), "\(file)")
        }
        #expect(try text(Self.tree + "/README.md").contains("examples/site"))
    }

    @Test("has settings of Slurm without contradiction")
    func slurm() throws {
        let hooks = try text(Self.tree + "/hooks/slurm/slurm.conf")
        let file = try text(Self.example + "/slurm/slurm.conf")
        #expect(file.contains("Include /usr/libexec/bivouac/slurm/slurm.conf"))
        let findings = SlurmSettings(hooks + file).findings(for: try site())
        #expect(findings.allSatisfy { $0.verdict == .ok }, "\(findings)")
        // The hooks' own fragment alone fits the defaults of site.toml as well.
        let alone = SlurmSettings(hooks).findings(for: Site(cluster: "t", queues: try site().queues))
        #expect(alone.allSatisfy { $0.verdict == .ok }, "\(alone)")
        for name in ["vm", "batch"] { #expect(file.contains("PartitionName=\(name) ")) }
    }

    @Test(
        "has a slurm.conf that Slurm itself reads",
        .enabled(if: Files.exists("/usr/bin/scontrol"), "needs Slurm's commands"))
    func slurmReads() throws {
        let scratch = FileManager.default.temporaryDirectory.appending(
            path: "bivouac-test-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let file = scratch.appending(path: "slurm.conf").path(percentEncoded: false)
        let good = try text(Self.example + "/slurm/slurm.conf").replacing(
            "Include /usr/libexec/bivouac/slurm", with: "Include \(Self.tree)/hooks/slurm")
        func read(_ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(filePath: file))
            let answer = try Child.run(
                "/usr/bin/scontrol", ["show", "hostnames", "node[01-02]"],
                environment: ["SLURM_CONF=" + file], seconds: 20)
            return (answer.succeeded ? "" : "failed: ") + String(decoding: answer.errors, as: UTF8.self)
        }
        #expect(try read(good) == "")
        #expect(try read(good.replacing("KillWait=30", with: "KilWait=30")).contains("KilWait"))
    }

    @Test("has settings of Torque without contradiction")
    func torque() throws {
        let server = QmgrSettings(try text(Self.example + "/torque/server.qmgr"))
        let findings = TorqueSettings(try text(Self.example + "/torque/config")).findings(
            for: try site(), server: server)
        #expect(findings.allSatisfy { $0.verdict == .ok }, "\(findings)")
        #expect(server.server("default_queue") == "batch")
        for name in ["vm", "batch"] { #expect(server.queue(name, "started") == "True") }
    }

    @Test(
        "has settings of OpenPBS without contradiction",
        .enabled(if: Files.exists(tree + "/hooks/openpbs/bivouac.qmgr"), "needs hooks/openpbs"))
    func openPBS() throws {
        let server = QmgrSettings(try text(Self.example + "/openpbs/server.qmgr"))
        let hook = OpenPBSSettings(QmgrSettings(try text(Self.tree + "/hooks/openpbs/bivouac.qmgr")))
        let findings = hook.findings(for: try site(), server: server)
        #expect(findings.allSatisfy { $0.verdict == .ok }, "\(findings)")
        for name in ["vm", "batch"] { #expect(server.queue(name, "started") == "True") }
    }
}

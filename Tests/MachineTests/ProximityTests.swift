import Foundation
import Site
import Testing
import Unix

@Suite("Images come to the jobs, and jobs to the images", .needsCluster, .alone)
struct ProximityTests {
    @Test("what waiting jobs ask for is fetched ahead, and what they would be refused is not")
    func fromQueue() async throws {
        _ = try await Cluster.ready()
        let (wanted, refused) = (TestList("ahead"), TestList("denied"))
        try await Command.require(["/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", wanted.file, "7M"])
        try refused.makeFile(80_000)
        for list in [wanted, refused] { try await list.publish() }
        let deny = Cluster.places.denials + "/ahead.toml"
        try Files.write("identifier = [\"\(refused.image)\"]\nreason = \"a test\"\n", to: deny, mode: 0o644)
        defer { _ = try? Files.remove(deny) }
        for list in [wanted, wanted, refused] {
            _ = try await Submission("exit 0", ["--hold", list.option], partition: "vmlists").submit()
        }
        let run = try await Cluster.bivouac("image", "prefetch", "--from-queue", "--json")
        #expect(run.succeeded, "\(run.errors)")
        #expect(run.line.contains("\"name\":\"ahead/image\"") && run.line.contains("\"jobs\":2"))
        #expect(!run.line.contains("denied/image"))
        #expect(run.errors.contains("1 waiting jobs would get no machine: ImageDenied"))
        let list = try await Cluster.bivouac("image", "list")
        #expect(
            list.text.split(separator: "\n").contains { $0.hasPrefix("ahead/image") && $0.contains("own") })
    }

    @Test("tick tells Slurm which images the node has, once, and leaves its other features alone")
    func published() async throws {
        _ = try await Cluster.ready()
        let name = try await Node.name
        func update(_ features: String) async throws {
            try await Command.require(
                [
                    "/usr/bin/scontrol", "update", "NodeName=\(name)", "AvailableFeatures=\(features)",
                    "ActiveFeatures=\(features)",
                ], environment: Cluster.slurmEnvironment)
        }
        func features() async throws -> [String] {
            let line = try await Command.require(
                ["/usr/bin/scontrol", "--oneliner", "show", "node", name],
                environment: Cluster.slurmEnvironment
            ).line
            let word = line.split(separator: " ").first { $0.hasPrefix("ActiveFeatures=") } ?? ""
            return word.dropFirst("ActiveFeatures=".count).split(separator: ",").map(String.init)
        }
        try await update("gpu,bivouac_gone")
        let ours = try await Cluster.bivouac("image", "list", "--node-features").line
        #expect(ours.hasPrefix("bivouac_"))
        try await TestSite.changing(Cluster.places.siteFile) {
            $0.replacingOccurrences(of: "[store]", with: "[store]\npublish = true")
        } during: {
            // One of the node's own ticks may be the first.
            try await Cluster.tick()
            #expect(try await features() == ["gpu"] + ours.split(separator: ",").map(String.init))
            let second = try await Cluster.tick()
            #expect(!second.errors.contains("told the batch system of"))
        }
        try await update("")
        _ = try Files.remove(Cluster.places.features)
    }
}

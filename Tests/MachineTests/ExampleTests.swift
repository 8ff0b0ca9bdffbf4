import Foundation
import Testing
import Unix

@Suite("The single-node example", .needsCluster, .alone)
struct ExampleTests {
    @Test("examples/single-node/run prints a script's stdout and stderr apart and exits with its status")
    func run() async throws {
        _ = try await Cluster.ready()
        let script = "/var/tmp/bivouac-test-\(UUID().uuidString).sh"
        try Files.write(
            "#!/bin/sh\necho out $(id -un) $SLURM_JOB_NUM_NODES\necho err >&2\nexit 11\n", to: script)
        defer { try? FileManager.default.removeItem(atPath: script) }
        let outcome = try await Cluster.example(
            "single-node/run", "--root", Cluster.directory, script, "--mem=256M", "--time=3", seconds: 600)
        // It wrote its own configuration again.
        try await TestSite.configure()
        #expect(outcome.status == 11, "\(outcome.errors)")
        #expect(outcome.text == "out \(Cluster.name) 1\n")
        #expect(outcome.errors.split(separator: "\n").filter { $0.contains("err") } == ["err"])
        // Phases are looked at several times a second; a short job may pass the last one in between.
        #expect(outcome.errors.contains("machine booting"))
    }

    @Test("examples/single-node/run --print-root prints the demo's directory and does nothing else")
    func printRoot() async throws {
        let outcome = try await Cluster.example(
            "single-node/run", "--root", Cluster.directory, "--print-root")
        #expect(outcome.text == Cluster.directory + "\n")
        #expect(outcome.errors == "")
    }

    @Test(
        "the demo's image is the same to the byte when it is built again elsewhere, by another clock and umask"
    )
    func reproducibleImage() async throws {
        _ = try await Cluster.ready()
        let directory = "/var/tmp/bivouac-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let build = "\(Cluster.sourceTree)/examples/image/build"
        try await Command.require(
            [
                "/bin/sh", "-c", "umask 077; exec \"$@\"", "sh", "/usr/bin/env", "TZ=Asia/Kathmandu",
                "LC_ALL=C.UTF-8",
                build, "--work", "\(Cluster.directory)/image/work", directory + "/again.qcow2",
            ], seconds: 300)
        let first = "\(Cluster.directory)/image/minimal.qcow2"
        let sums = try await Command.require(["/usr/bin/sha512sum", first, directory + "/again.qcow2"])
        #expect(Set(sums.text.split(separator: "\n").map { $0.prefix(128) }).count == 1)
        let size = try #require(try Files.status(first)).size
        #expect(size <= 64 << 20)
    }
}

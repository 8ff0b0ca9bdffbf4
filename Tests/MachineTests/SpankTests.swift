import Foundation
import Testing
import Unix

@Suite("The SPANK plugin, built for this Slurm", .needsCluster, .needsSlurmHeaders, .alone)
struct SpankTests {
    /// Runs the body with the plugin on submit host and node, and with other settings of the hooks.
    private func withPlugin<Result>(
        _ change: (String) -> String = { $0 }, _ body: () async throws -> Result
    ) async throws -> Result {
        _ = try await Cluster.ready()
        try await Command.require([
            Cluster.sourceTree + "/hooks/slurm/spank/build", "--prefix", Cluster.directory + "/usr",
        ])
        let place = Cluster.directory + "/slurm/plugstack.conf"
        try Files.write("include \(Cluster.programs)/slurm/plugstack.conf\n", to: place, mode: 0o644)
        defer { _ = try? Files.remove(place) }
        return try await TestSite.reconfigured(
            Cluster.directory + "/slurm/bivouac.conf", change, during: body)
    }

    @Test("--vm-image names a job's image, and is refused at once where it is no name")
    func image() async throws {
        try await withPlugin {
            let (job, state) = try await Submission(
                "echo in $(hostname)", ["--vm-image=demo/minimal"], partition: "vmnone"
            ).run()
            #expect(state.exitCode == 0, "\(job.errors)")
            #expect(job.text.hasPrefix("in "))
            let (other, ended) = try await Submission("", ["--vm-image=demo/none"]).run()
            #expect(ended.exitCode == 78)
            #expect(other.errors.contains("bivouac: UnknownImage: "), "\(other.errors)")
            let refusal = try await Submission("", ["--vm-image=a b"]).refused()
            #expect(!refusal.succeeded)
            #expect(refusal.errors.contains("bivouac: BadImageName: "), "\(refusal.errors)")
        }
    }

    @Test("stops what is not the launcher where neither job_submit.lua nor the task_prolog does")
    func stops() async throws {
        let script = Marker("spank-script")
        let step = Marker("spank-step")
        let user = try await Cluster.ready().user
        try await withPlugin({
            $0.replacingOccurrences(of: "\nJobSubmitPlugins=", with: "\n#JobSubmitPlugins=")
                .replacingOccurrences(of: "\nTaskProlog=", with: "\n#TaskProlog=")
        }) {
            let (job, state) = try await Submission(script.command).run()
            #expect(state.exitCode == 78)
            #expect(
                job.errors.contains("bivouac: nothing of this partition's jobs runs outside of a machine"))
            let outcome = try await Command.run(
                Command.words(
                    // In a job of another partition, as the environment says, nothing asks for a container.
                    ["/usr/bin/env", "SLURM_JOB_PARTITION=normal"] + Cluster.slurmEnvironment
                        + ["/usr/bin/srun", "--partition=vm", "--mem=256M", "/bin/sh", "-c", step.command],
                    as: user, directory: "/tmp"), seconds: 120)
            #expect(outcome.status == 78, "\(outcome.errors)")
            let (normal, ended) = try await Submission("echo fine", partition: "normal").run()
            #expect(ended.exitCode == 0 && normal.text == "fine\n", "\(normal.errors)")
        }
        #expect(!script.isOnHost && !step.isOnHost)
    }
}

extension Trait where Self == ConditionTrait {
    /// For what is built for one release of Slurm.
    static var needsSlurmHeaders: Self {
        .enabled(
            if: ["/usr/include/slurm/spank.h", "/usr/bin/cc"].allSatisfy(FileManager.default.fileExists),
            "needs libslurm-dev and a C compiler")
    }
}

import Foundation
import TestSupport
import Testing
import Unix

@Suite("An interactive job is in its machine", .needsCluster, .boots)
struct InteractiveTests {
    /// A job's name and working directory, of this test alone.
    private struct Desk: Sendable {
        let user: Account
        let name = "bivouac-test-\(UUID().uuidString.prefix(8))"
        var directory: String { "\(Cluster.directory)/jobs/\(name)" }

        private static func make() async throws -> Desk {
            let desk = Desk(user: try await Cluster.ready().user)
            try FileManager.default.createDirectory(
                atPath: desk.directory, withIntermediateDirectories: false)
            try Files.changeOwner(desk.directory, uid: desk.user.uid, gid: desk.user.gid)
            return desk
        }

        /// The words that start a command of Slurm's with these options.
        func words(_ program: String, _ options: [String]) -> [String] {
            Command.words(
                [
                    "/usr/bin/env", "-i", "PWD=\(directory)", "SHELL=/opt/zsh", "TERM=dumb",
                    "PATH=/usr/bin:/bin",
                ]
                    + Cluster.slurmEnvironment
                    + [
                        "/usr/bin/\(program)", "--partition=vm", "--mem=256M", "--time=10", "--quiet",
                        "--job-name=\(name)",
                    ] + options,
                as: user, directory: directory)
        }

        func typist(
            _ program: String, _ options: [String] = [], rows: UInt16 = 24, columns: UInt16 = 80
        ) throws -> Typist {
            try Typist(words(program, options), environment: [:], rows: rows, columns: columns)
        }

        /// Runs the body, and leaves its one job to the end of the test's scope, which waits for its end and looks for
        /// what is left.
        static func use<Result>(_ body: (Desk) async throws -> Result) async throws -> Result {
            let desk = try await make()
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(desk)) } catch { result = .failure(error) }
            try await desk.settle()
            return try result.get()
        }

        private func settle() async throws {
            let jobs = try await Command.require(
                ["/usr/bin/squeue", "--noheader", "--states=all", "--name=\(name)", "--format=%A"],
                environment: Cluster.slurmEnvironment)
            let ids = jobs.text.split(separator: "\n").compactMap { Int($0) }
            #expect(ids.count == 1)
            for id in ids { Scope.ledger?.add(SlurmJob(id: id, directory: directory)) }
        }
    }

    @Test("salloc: a shell on a terminal of the same size, with job control, and its exit code")
    func allocation() async throws {
        try await Desk.use { desk in
            try await onThread {
                let typist = try desk.typist("salloc", rows: 33, columns: 77)
                try typist.see("$ ", seconds: 150)
                try typist.type("stty size; id -u; pwd; tty\r")
                try typist.see("33 77\n\(desk.user.uid)\n\(desk.directory)\n/dev/pts/")
                try typist.see("$ ")
                try typist.resize(rows: 40, columns: 99)
                // It says so when the terminal is its own, and when that is so again.
                try typist.type("sh -c 'trap \"echo back\" CONT; echo on; while :; do sleep 1; done'\r")
                try typist.see("done'\n")
                try typist.see("on\n")
                try typist.type("\u{1A}")
                try typist.see("Stopped")
                try typist.type("fg\r")
                try typist.see("back\n")
                try typist.type("\u{03}")
                try typist.see("$ ")
                try typist.type("stty size; grep -c org.bivouac /sys/class/virtio-ports/vport*1/name\r")
                try typist.see("40 99\n1\n")
                try typist.type("exit 7\r")
                #expect(try typist.end(seconds: 60) == 7, "\(typist.shown)")
            }
        }
    }

    @Test("srun: a program with its streams apart and its exit code")
    func step() async throws {
        let marker = Marker("interactive")
        let script = "\(marker.command); echo out; echo err >&2; echo \"$SLURM_JOB_PARTITION\"; exit 5"
        let outcome = try await Desk.use { desk in
            try await Command.run(desk.words("srun", ["/bin/sh", "-c", script]), seconds: 180)
        }
        #expect(outcome.status == 5)
        #expect(outcome.text == "out\nvm\n")
        #expect(outcome.errors.contains("err\n"), "\(outcome.errors)")
        #expect(!marker.isOnHost)
    }

    @Test("srun --pty: a program on a terminal")
    func terminalStep() async throws {
        try await Desk.use { desk in
            try await onThread {
                let typist = try desk.typist(
                    "srun", ["--pty", "/bin/sh", "-c", "stty size; exit 6"], rows: 12, columns: 34)
                #expect(try typist.end(seconds: 180) == 6)
                #expect(typist.shown.contains("12 34\n"), "\(typist.shown)")
            }
        }
    }

    @Test("a refused image is one line on the terminal, and the node stays in service")
    func refused() async throws {
        try await Desk.use { desk in
            try await onThread {
                let typist = try desk.typist("salloc", ["--comment=image=demo/none"])
                #expect(try typist.end(seconds: 120) == 78)
                #expect(typist.shown.contains("bivouac: UnknownImage: "), "\(typist.shown)")
            }
        }
        #expect(try await Node.reason() == "")
    }

    @Test("srun of two tasks is turned away with one line")
    func twoTasks() async throws {
        let cluster = try await Cluster.ready()
        let outcome = try await Command.run(
            Command.words(
                ["/usr/bin/env"] + Cluster.slurmEnvironment
                    + ["/usr/bin/srun", "--partition=vm", "--ntasks=2", "/bin/true"],
                as: cluster.user, directory: "/tmp"))
        #expect(!outcome.succeeded)
        #expect(outcome.errors.contains("bivouac: a virtual machine takes one task"), "\(outcome.errors)")
    }
}

import Foundation
import TestSupport
import Testing
import Unix

@Suite("An interactive job is in its machine", .needsCluster, .boots)
struct InteractiveTests {
    private static let environment = [
        "SLURM_CONF": Cluster.slurmConfiguration, "PATH": "/usr/bin:/bin", "LC_ALL": "C", "TERM": "dumb",
        "SHELL": "/bin/sh", "HOME": "/tmp",
    ]

    private static func words(_ program: [String], as account: Account) -> [String] {
        [
            "/usr/bin/setpriv", "--reuid", "\(account.uid)", "--regid", "\(account.gid)", "--init-groups",
            "--no-new-privs", "/usr/bin/env", "-C", "/tmp", "PWD=/tmp",
        ] + program
    }

    private static let options = [
        "--partition=vm", "--mem=256M", "--time=3", "--job-name=bivouac-test", "--quiet",
    ]

    private func allIsOver() async throws {
        try await eventually("the jobs are gone", within: 60) {
            try await JobTable.shared.jobs(fresh: true).allSatisfy(\.isOver) ? true : nil
        }
    }

    @Test("salloc: a shell on a terminal of the same size, with job control, and its exit code")
    func allocation() async throws {
        let user = try await Cluster.ready().user
        let words = Self.words(["/usr/bin/salloc"] + Self.options, as: user)
        try await onThread {
            let typist = try Typist(
                words, environment: Self.environment, directory: "/tmp", rows: 33, columns: 77)
            try typist.see("$ ", seconds: 150)
            try typist.type("stty size; id -u; pwd; hostname; tty\r")
            try typist.see("33 77\n\(user.uid)\n/tmp\n", seconds: 30)
            try typist.see("/dev/pts/", seconds: 30)
            try typist.see("$ ")
            try typist.resize(rows: 40, columns: 99)
            try typist.type("sleep 1000\r")
            try typist.see("sleep 1000\n")
            usleep(500_000)
            try typist.type("\u{1A}")
            try typist.see("Stopped")
            try typist.type("fg\r")
            try typist.see("sleep 1000\n")
            usleep(500_000)
            try typist.type("\u{03}")
            try typist.see("$ ")
            try typist.type("stty size; grep -c org.bivouac /sys/class/virtio-ports/*/name\r")
            try typist.see("40 99\n")
            try typist.see(":1\n")
            try typist.type("exit 7\r")
            #expect(try typist.end(seconds: 60) == 7, "\(typist.shown)")
        }
        try await allIsOver()
    }

    @Test("srun: a program with its streams apart and its exit code, and with --pty a terminal")
    func step() async throws {
        let user = try await Cluster.ready().user
        let marker = Marker("interactive")
        let script = "\(marker.command); echo out; echo err >&2; echo \"$FRUIT $SLURM_JOB_PARTITION\"; exit 5"
        let outcome = try await Command.run(
            Self.words(
                ["/usr/bin/env", "-i", "FRUIT=a 'pear'"] + Self.environment.map { "\($0)=\($1)" }
                    + ["PWD=/tmp", "/usr/bin/srun"] + Self.options + ["/bin/sh", "-c", script],
                as: user), seconds: 180)
        #expect(outcome.status == 5)
        #expect(outcome.text == "out\na 'pear' vm\n")
        #expect(outcome.errors.contains("err\n"), "\(outcome.errors)")
        #expect(!marker.isOnHost)
        let words = Self.words(
            ["/usr/bin/srun"] + Self.options + ["--pty", "/bin/sh", "-c", "stty size; exit 6"], as: user)
        try await onThread {
            let typist = try Typist(
                words, environment: Self.environment, directory: "/tmp", rows: 12, columns: 34)
            #expect(try typist.end(seconds: 180) == 6)
            #expect(typist.shown.contains("12 34\n"), "\(typist.shown)")
        }
        try await allIsOver()
    }

    @Test("a refused image is one line on the terminal, and the node stays in service")
    func refused() async throws {
        let user = try await Cluster.ready().user
        let words = Self.words(["/usr/bin/salloc"] + Self.options + ["--comment=image=demo/none"], as: user)
        try await onThread {
            let typist = try Typist(words, environment: Self.environment, directory: "/tmp")
            #expect(try typist.end(seconds: 120) == 78)
            #expect(typist.shown.contains("bivouac: UnknownImage: "), "\(typist.shown)")
        }
        try await allIsOver()
        #expect(try await Node.reason() == "")
    }
}

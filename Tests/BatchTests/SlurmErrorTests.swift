import Foundation
import Job
import Site
import TestSupport
import Testing
import Unix

@testable import Batch

@Suite("What is told when Slurm or its hooks are not as they should be")
struct SlurmErrorTests {
    private func error(_ body: () throws -> Void) -> String? {
        #expect(throws: BatchError.self) { try body() }?.description
    }

    @Test("a Slurm command that fails, hangs or babbles is named")
    func commands() throws {
        let commands = SlurmCommand(configuration: nil, seconds: 5)
        func line(_ script: String, seconds: Int = 60) throws -> String {
            let answer = try Child.run("/bin/sh", ["-c", script], seconds: seconds, outputLimit: 1 << 16)
            return commands.program.failure("squeue", answer).description
        }
        #expect(try line("echo no >&2; echo controller >&2; exit 1") == "squeue failed: no controller")
        #expect(try line("kill -9 $$") == "squeue failed: ")
        #expect(try line("exec sleep 100", seconds: 0) == "squeue did not answer within 5 s")
        #expect(try line("exec yes") == "squeue answered without end")
    }

    @Test("a partition without a queue, a job without a user and an unknown user are told apart")
    func jobs() throws {
        func line(_ variables: [String: String], _ site: Site) throws -> String? {
            let hook = try SlurmHook { (["SLURM_JOB_ID": "7"].merging(variables) { $1 })[$0] }
            return error {
                let nobody = Result<Child, BatchError>.failure(BatchError(.node, "nobody asked"))
                _ = try Slurm.job(
                    hook, site: site,
                    granted: GrantQuestion(SlurmCommand(configuration: nil), nobody, widths: []),
                    now: Timestamp(seconds: 0))
            }
        }
        var site = Site(cluster: "t")
        #expect(try line([:], site) == "slurmd gave no SLURM_JOB_UID")
        #expect(
            try line(["SLURM_JOB_UID": "65534", "SLURM_JOB_PARTITION": "vm"], site)
                == "queue 'vm' has no [queue.vm] in site.toml, but the hooks call for it: run bivouac doctor "
                + "--write-hooks")
        site.queues["vm"] = Queue(name: "vm", allow: ["a/*"])
        #expect(
            try line(["SLURM_JOB_UID": "4123456789", "SLURM_JOB_PARTITION": "vm"], site)
                == "user id 4123456789 has no account on this node")
        #expect(
            try line(["SLURM_JOB_UID": "0", "SLURM_JOB_PARTITION": "vm"], site)
                == "the memory granted to job 7 is unknown (nobody asked), and [queue.vm] in site.toml has no "
                + "memory = \"...\" to fall back on")
        site.queues["vm"]?.memory = .mebibytes(1)
        #expect(
            try line(["SLURM_JOB_UID": "0", "SLURM_JOB_PARTITION": "vm"], site)
                == "the CPUs granted to job 7 are unknown (nobody asked)")
        site.cluster = "no cluster"
        #expect(
            try line(["SLURM_JOB_UID": "0"], site)
                == "site.toml: cluster 'no cluster' cannot be part of a job key")
    }

    @Test("an answer of the controller that is none is told so")
    func grant() {
        #expect(
            error { _ = try SlurmGrant(line: "\n", columns: [1, 1, 1, 1]) }
                == "squeue printed no line for the job")
    }

    @Test("hooks that cannot be written are told why")
    func hookFiles() {
        func files(_ directory: String = "/p/libexec/bivouac/slurm", _ partitions: [String] = ["vm"]) throws
            -> SlurmHookFiles
        {
            try SlurmHookFiles(
                directory: directory, root: "", cluster: "t", partitions: partitions, spool: "/spool")
        }
        #expect(
            error { _ = try files("/elsewhere") }
                == "the hooks' directory must be PREFIX/libexec/bivouac/slurm, not /elsewhere")
        #expect(
            error { _ = try files("/p/libexec/bivouac/slurm", []) }
                == "site.toml names no queue: there is nothing to write into the hooks")
        #expect(
            error { _ = try files("/p/libexec/bivouac/slurm", ["a;b"]) }
                == "'a;b' cannot stand in a hook: letters, digits and _ . / - only")
        #expect(
            error { _ = try files().rewrite("exit 0\n", named: "prolog") }
                == "prolog has no line that ends in '\(SlurmHookFiles.marker)': install the hooks anew")
        #expect(
            error { _ = try files().rewrite("odd=1 # \(SlurmHookFiles.marker)", named: "prolog") }
                == "prolog: unknown word 'odd=1' in a line that is to be rewritten")
    }

    @Test("a slurm.conf that is not there, or includes itself, is told so")
    func configuration() throws {
        #expect(
            error { _ = try SlurmConfiguration.spool(in: "/nonexistent/slurm.conf", host: "h") }
                == "could not read slurm.conf (name it with --slurm-conf): /nonexistent/slurm.conf: No such file "
                + "or directory (open)")
        try withScratch { root in
            let path = root + "/slurm.conf"
            try Files.write("Include slurm.conf\n", to: path)
            #expect(
                error { _ = try SlurmConfiguration.spool(in: path, host: "h") }
                    == "\(path) includes too many files")
        }
    }
}

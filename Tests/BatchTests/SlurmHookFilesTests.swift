import Batch
import Foundation
import Job
import Testing

@Suite("Which partitions are ours stands in site.toml alone")
struct SlurmHookFilesTests {
    private func files(root: String = "/srv/b", partitions: [String] = ["vm", "gpu-vm"]) throws
        -> SlurmHookFiles
    {
        try SlurmHookFiles(
            directory: "/opt/x/libexec/bivouac/slurm", root: root, cluster: "demo", partitions: partitions,
            spool: "/var/spool/slurmd")
    }

    private var hooks: URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../hooks/slurm").standardized
    }

    @Test(
        "the hooks as they are delivered are rewritten, and again to the same",
        arguments: SlurmHookFiles.names)
    func delivered(name: String) throws {
        let text = try String(contentsOf: hooks.appending(path: name), encoding: .utf8)
        let once = try files().rewrite(text, named: name)
        #expect(once != text)
        #expect(try files().rewrite(once, named: name) == once)
        #expect(!once.contains("=/usr/libexec"))
    }

    @Test("a partition of ours is a pattern of the Prolog and a key of job_submit.lua")
    func lines() throws {
        let marker = SlurmHookFiles.marker
        #expect(try files().rewrite("vm) ;; # \(marker)", named: "prolog") == "gpu-vm|vm) ;; # \(marker)")
        #expect(
            try files().rewrite("local partitions = {} -- \(marker)", named: "x")
                == "local partitions = { [\"gpu-vm\"] = true, [\"vm\"] = true } -- \(marker)")
        #expect(
            try files().rewrite("root= sbin=/usr/sbin # \(marker)", named: "x")
                == "root=/srv/b sbin=/opt/x/sbin # \(marker)")
        #expect(
            try files().rewrite("local launcher = \"\" -- \(marker)", named: "x")
                == "local launcher = \"/opt/x/libexec/bivouac/bivouac-run --root=/srv/b --\" -- \(marker)")
    }

    @Test(
        "a container's runtime is the launcher, in the words of either Slurm; the controller learns of steps")
    func runtime() throws {
        let marker = SlurmHookFiles.marker
        let launcher = "exec /opt/x/libexec/bivouac/bivouac-run --root=/srv/b"
        #expect(
            try files().rewrite("RunTimeRun=x # \(marker)", named: "oci.conf")
                == "RunTimeRun=\"\(launcher) --environment=%e -- %@\" # \(marker)")
        #expect(
            try files().rewrite("RunTimeRun=x # \(marker)", named: "oci-22.05.conf")
                == "RunTimeRun=\"\(launcher) --bundle=%b --\" # \(marker)")
        var hooks = try files()
        let line = "local steps = false -- \(marker)"
        #expect(try hooks.rewrite(line, named: "x") == line)
        hooks.steps = true
        #expect(try hooks.rewrite(line, named: "x") == "local steps = true -- \(marker)")
    }

    @Test("the task_prolog learns root, launcher, cluster and partitions")
    func taskProlog() throws {
        let lines = try files(root: "").taskPrologConfiguration.split(separator: "\n").dropFirst()
        #expect(
            lines.elementsEqual([
                "root ", "launcher /opt/x/libexec/bivouac/bivouac-run", "cluster demo",
                "spool /var/spool/slurmd", "oci /etc/slurm/oci.conf", "partition gpu-vm", "partition vm",
            ]))
    }

    @Test(
        "nothing that a shell or Lua could read otherwise is written",
        arguments: ["a b", "a;b", "$x", "a\"", "a\nb", "a)"])
    func hostile(word: String) {
        #expect(throws: BatchError.self) { try files(partitions: [word]) }
        #expect(throws: BatchError.self) { try files(root: "/" + word) }
    }

    @Test("a file without a marked line is not touched")
    func foreign() {
        #expect(throws: BatchError.self) { try files().rewrite("#!/bin/sh\nexit 0\n", named: "prolog") }
    }
}

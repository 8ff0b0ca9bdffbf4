import Foundation
import Site
import Testing
import Unix

@Suite("What stays of a machine", .needsCluster, .boots)
struct DifferenceTests {
    /// What root does in the guest when a job asks for it: the job itself cannot.
    private static let boot = """
        #!/bin/sh
        [ "${1-}" = start ] || exit 0
        if [ -f /mnt/context/epilog.sh ]; then
            . /mnt/context/epilog.sh start
        fi
        {
            while [ ! -e /dev/shm/harm ]; do sleep 0.2; done
            cp /bin/busybox /bin/back
            chmod 4755 /bin/back
            echo "::respawn:/bin/back" >>/etc/inittab
            rm /etc/fstab
            mkdir -p /etc/cron.d /var/log/old
            echo "* * * * * root /bin/back" >/etc/cron.d/back
            chown 1000 /etc/hostname
            chmod 600 /etc/hostname
            ln /bin/raw /bin/again
            echo more >/var/log/messages
            sync
            touch /dev/shm/harmed
        } &

        """

    /// The demo's image with another script at boot.
    private func makeImage(_ list: TestList) async throws {
        let scratch = "/var/tmp/bivouac-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let raw = scratch + "/disk.raw"
        try await Command.require(
            ["/usr/bin/qemu-img", "convert", "-O", "raw", "\(Cluster.directory)/image/minimal.qcow2", raw])
        let table = try await Command.require(["/sbin/sfdisk", "-d", raw]).text
        let number = try #require(table.firstMatch(of: /start= *(\d+)/)?.1)
        let start = try #require(Int(number))
        try Files.write(Self.boot, to: scratch + "/boot")
        let name = "/etc/init.d/vmcontext_epilog"
        try Files.write(
            """
            rm \(name)
            write \(scratch)/boot \(name)
            sif \(name) mode 0100755
            write \(scratch)/boot /bin/raw
            ea_set /bin/raw security.capability 0123456789

            """, to: scratch + "/commands")
        try await Command.require(
            ["/sbin/debugfs", "-w", "-f", scratch + "/commands", "\(raw)?offset=\(start * 512)"])
        try await Command.require(
            ["/usr/bin/qemu-img", "convert", "-O", "qcow2", raw, list.file], seconds: 120)
    }

    private func bivouac(_ words: [String]) async throws -> Outcome {
        try await Command.run(
            [Cluster.directory + "/usr/sbin/bivouac"] + words,
            environment: ["BIVOUAC_ROOT=" + Cluster.directory] + Cluster.slurmEnvironment)
    }

    @Test("evidence diff says exactly what a guest's root changed, and show --html draws it")
    func harm() async throws {
        let list = TestList("harm")
        try await makeImage(list)
        try await list.publish([], "end_state = \"always\"")
        let (job, state) = try await Submission(
            "touch /dev/shm/harm; while [ ! -e /dev/shm/harmed ]; do sleep 0.2; done; echo done",
            [list.option],
            partition: "vmlists"
        ).run()
        #expect(state.exitCode == 0, "\(job.errors)")
        #expect(job.text == "done\n")

        let outcome = try await bivouac(["evidence", "diff", job.key, "--json"])
        #expect(outcome.succeeded, "\(outcome.errors)")
        let difference = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
        #expect(difference["complete"] as? Bool == true)
        #expect(difference["findings"] as? [String] == [])
        let parts = try #require(difference["parts"] as? [[String: Any]])
        let changes = parts.flatMap { $0["changes"] as? [[String: Any]] ?? [] }.map { change in
            let aspects = (change["aspects"] as? [String] ?? []).joined(separator: " ")
            let concerns = (change["concerns"] as? [String] ?? []).joined(separator: " ")
            return "\(change["kind"] ?? "") \(change["path"] ?? "") [\(aspects)] \(concerns)"
                + (change["noise"] as? Bool == true ? "noise" : "")
        }
        // Where the job's own files are: its script, and directories on the way to it and to its home.
        let own = changes.filter { change in
            let path = change.split(separator: " ")[1] + "/"
            return path.hasPrefix(Cluster.directory + "/") || (Cluster.directory + "/").hasPrefix(path)
        }
        #expect(own.allSatisfy { $0.hasPrefix("added ") && $0.hasSuffix(" [] ") }, "\(own)")
        #expect(own.filter { $0.contains("/slurm_script ") }.count == 1, "\(own)")
        #expect(
            changes.filter { !own.contains($0) } == [
                "added /bin/again [] capabilities", "added /bin/back [] setuid", "added /etc/cron.d [] cron",
                "added /etc/cron.d/back [] cron", "deleted /etc/fstab [] boot",
                "changed /etc/hostname [mode owner] ", "changed /etc/inittab [content] service",
                "added /etc/jobfeatures [] noise", "added /etc/machinefeatures [] noise",
                "added /var/log/acpid.log [] noise", "added /var/log/messages [] noise",
                "added /var/log/old [] noise",
            ])

        let page = "/var/tmp/bivouac-test-\(UUID().uuidString).html"
        defer { _ = try? Files.remove(page) }
        let shown = try await bivouac(["evidence", "show", job.key, "--html", "-o", page])
        #expect(shown.succeeded, "\(shown.errors)")
        let text = try TestSite.read(page)
        for word in ["<svg", "/bin/back", "setuid", "batch system", "CN=Eve Endorser"] {
            #expect(text.contains(word), "\(word)")
        }
        #expect(!text.contains("http://") && !text.contains("src="))
    }

    /// Files below the paths in which one of the words stands; disks are the job's own.
    private func found(_ words: [String], below paths: [String]) async throws -> String {
        let program = ["/bin/grep", "-rlaF", "--exclude=*.qcow2"] + words.flatMap { ["-e", $0] }
        return try await Command.run(program + paths.filter { Files.exists($0) }).text
    }

    @Test(
        "nowhere on the node is anything of a job's environment, input or credentials, while it runs or later"
    )
    func canaries() async throws {
        let cluster = try await Cluster.ready()
        let canaries = ["environment", "input", "script", "credential"].map {
            "canary-\($0)-\(UUID().uuidString)"
        }
        let stem = "/var/tmp/bivouac-test-\(UUID().uuidString)"
        let (input, proxy, archive) = (stem + ".in", stem + ".proxy", stem + ".tar")
        defer { for path in [input, proxy, archive, archive + ".sha512"] { _ = try? Files.remove(path) } }
        for (path, text) in [(input, canaries[1]), (proxy, canaries[3])] {
            try Files.write(text, to: path)
            try Files.changeOwner(path, uid: cluster.user.uid, gid: cluster.user.gid)
        }
        let log = try await SystemLogSocket()
        var submission = Submission(
            """
            trap 'exit 5' USR1
            read -r line
            [ ${#line} -gt 30 ] && [ ${#SECRET} -gt 30 ] && [ "$(wc -c <"$X509_USER_PROXY")" -gt 30 ] && echo there
            : \(canaries[2])
            while :; do sleep 0.2; done
            """, ["--input=\(input)", "--export=ALL"], partition: "vmcred")
        submission.environment = ["SECRET=" + canaries[0], "X509_USER_PROXY=" + proxy]
        let job = try await submission.submit()
        try await job.says("there")
        let places = [
            Cluster.places.evidence, Cluster.places.auditLog, Cluster.places.run, Cluster.places.state,
            Cluster.directory + "/slurm/slurmd.log", Cluster.directory + "/libvirt",
        ]
        #expect(try await found(canaries, below: places) == "")
        let processes = try await Command.require(["/bin/ps", "-eo", "args"]).text
        #expect(processes.contains("guest=bivouac-\(job.key).0,"))
        #expect(!canaries.contains { processes.contains($0) })
        #expect(try await found(canaries, below: [input, proxy]) == "\(input)\n\(proxy)\n")
        try await job.signal(["--batch", "--signal=USR1"])
        let state = try await job.ended()
        #expect(state.exitCode == 5 && job.text == "there\n", "\(job.text)\(job.errors)")

        let exported = try await bivouac(["evidence", "export", job.key, "-o", archive])
        #expect(exported.succeeded, "\(exported.errors)")
        #expect(exported.text.contains("overlay.qcow2"))
        let check = try await Command.run(
            ["/usr/bin/env", "-C", "/var/tmp", "sha512sum", "-c", archive + ".sha512"])
        #expect(check.succeeded, "\(check.errors)")
        #expect(try await found(canaries, below: places + [archive, "/var/log/syslog"]) == "")
        let context = try await Command.require(["/bin/gzip", "-dc", try folder(job) + "/context.iso.gz"])
        #expect(!canaries.contains { context.text.contains($0) })
        if let log {
            let said = try await eventually("syslog hears of the export", within: 600) {
                log.text.contains("evidence export") ? log.text : nil
            }
            for words in ["\"event\":\"start\"", "\"event\":\"end\"", "\"action\":\"evidence export\""] {
                #expect(
                    said.split(separator: "\n").contains { $0.contains(words) && $0.contains(job.key) },
                    "\(words)")
            }
            #expect(!canaries.contains { said.contains($0) })
        }
        // Slurm keeps its own copies of scripts and environments until a job is forgotten: its matter.
        let size = try await Command.require(
            [
                "/usr/bin/du", "-s", "--block-size=1", "--exclude=*.qcow2", "--exclude=console.log",
                try folder(job),
            ])
        #expect(Int(size.text.prefix { $0.isNumber }) ?? .max <= 64 << 10)
    }

    private func folder(_ job: SlurmJob) throws -> String {
        let root = Cluster.places.evidence
        let days = try Files.names(in: root).map { "\(root)/\($0)/\(job.key).0" }
        return try #require(days.first { Files.exists($0) })
    }
}

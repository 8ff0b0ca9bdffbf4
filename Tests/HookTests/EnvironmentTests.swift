import Foundation
import Testing

extension HookTests {
    /// Slurm's variables and the site's files, missing or hostile: who is to blame is told by the exit status.
    @Suite("A hook's surroundings")
    struct EnvironmentTests {
        @Test(
            "without a usable job id are the site's fault, and nothing is made",
            arguments: [
                nil, "", "x", "-1", "4711/../..", "../4711", "4711\n", " 4711", "4294967296",
                "99999999999999999999",
                "0x10", "t-4711", "4711;id",
            ] as [String?])
        func badJob(_ id: String?) throws {
            let node = try Node(refreshed: false)
            var job = JobOnNode()
            job.more = ["SLURM_JOB_ID": id]
            for run in try [node.prologue(job), node.epilogue(job)] {
                #expect(run.status == 78)
                #expect(run.errors.contains("SLURM_JOB_ID is missing or no number"))
            }
            #expect(node.names("run") == [])
            #expect(node.names("var") == [])
        }

        @Test(
            "without what slurmd knows are the node's fault",
            arguments: [
                ("SLURM_JOB_UID", nil, "slurmd gave no SLURM_JOB_UID"),
                ("SLURM_JOB_UID", "", "slurmd gave no SLURM_JOB_UID"),
                ("SLURM_JOB_UID", "-1", "slurmd gave no SLURM_JOB_UID"),
                ("SLURM_JOB_UID", "4000000000", "user id 4000000000 has no account on this node"),
                ("SLURM_JOB_CPUS_PER_NODE", nil, "the CPUs granted to job 4711 are unknown"),
                ("SLURM_JOB_CPUS_PER_NODE", "0", "the CPUs granted to job 4711 are unknown"),
            ] as [(String, String?, String)])
        func missing(_ name: String, _ value: String?, _ says: String) throws {
            let node = try Node(refreshed: false)
            var job = JobOnNode()
            job.more = [name: value]
            let run = try node.prologue(job)
            #expect(run.status == 69)
            #expect(run.errors.contains(says), "\(run.errors)")
            #expect(node.jobs == [])
        }

        @Test(
            "of a partition that is not in site.toml are the site's fault",
            arguments: ["normal", "", "vm\n", "vm/.."])
        func foreignPartition(_ partition: String) throws {
            let node = try Node(refreshed: false)
            let run = try node.prologue(JobOnNode(partition: partition))
            #expect(run.status == 78)
            #expect(run.errors.contains("bivouac doctor --write-hooks"))
            #expect(node.jobs == [])
        }

        @Test(
            "with a root that cannot hold sockets are the site's fault",
            arguments: ["relative", "/" + String(repeating: "a", count: 100), "/a\u{01}b"])
        func badRoot(_ root: String) throws {
            for program in [Built.prologue, Built.epilogue] {
                let run = try Launch.run(
                    program, environment: JobOnNode().environment.merging(["BIVOUAC_ROOT": root]) { $1 })
                #expect(run.status == 78)
            }
        }

        @Test("without site.toml are the site's fault")
        func noSite() throws {
            let node = try Node(refreshed: false)
            try FileManager.default.removeItem(atPath: node.path("etc/bivouac/site.toml"))
            for run in try [node.prologue(), node.epilogue()] {
                #expect(run.status == 78)
                #expect(run.errors.contains("\(node.root)/etc/bivouac/site.toml: there is no such file"))
            }
        }

        @Test(
            "with a broken site.toml are the site's fault, told with line and column",
            arguments: [
                ("cluster = \"t\"\nclutser = \"t\"\n", "site.toml:2:1: unknown key 'clutser'"),
                ("cluster = \"t\"\nboot_timeout = 5\n", "site.toml:2:1: "),
                ("cluster = \"t\"\n[queue.vm]\nallow = [\n", "site.toml:"),
                ("cluster = \"../x\"\n", "site.toml:1:1: "),
            ])
        func brokenSite(_ text: String, _ says: String) throws {
            let node = try Node(refreshed: false)
            try node.write("etc/bivouac/site.toml", text)
            for run in try [node.prologue(), node.epilogue()] {
                #expect(run.status == 78)
                #expect(run.errors.contains(says), "\(run.errors)")
                #expect(run.errors.filter { $0 == "\n" }.count == 1)
            }
            #expect(node.jobs == [])
        }

        @Test("that hold more than slurmd sends change nothing: the environment is hostile")
        func hostileVariables() throws {
            let node = try Node(refreshed: false)
            var job = JobOnNode(
                comment: "$(touch \(node.root)/pwned) `touch \(node.root)/pwned`;\n'\"\\ %s%n")
            job.more = [
                "SLURM_JOB_NAME": "$(touch \(node.root)/pwned)", "SLURM_JOB_WORK_DIR": "/../..\n",
                "SLURM_JOB_ACCOUNT": "a\nb\u{1B}[2J", "LD_LIBRARY_PATH": "/nonexistent", "IFS": "x",
                "VIRSH_DEFAULT_CONNECT_URI": "qemu:///nowhere", "LIBVIRT_DEFAULT_URI": "qemu:///nowhere",
                "OPENSSL_CONF": "/nonexistent", "SSL_CERT_DIR": "/nonexistent", "TZ": ":/etc/shadow",
            ]
            let run = try node.prologue(job)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try node.phase(job) == "refused")
            #expect(!FileManager.default.fileExists(atPath: node.path("pwned")))
        }
    }

    @Suite("A queue's memory setting")
    struct MemoryTests {
        @Test("takes the place of a grant that Slurm does not tell")
        func fallback() throws {
            let node = try Node()
            try node.configure(queue: ["memory": "\"300 MiB\"", "classes": "[1]"])
            #expect(try node.prologue().status == 0)
            #expect(try node.record()?["memory"] as? Int == 300 << 20)
            #expect(try node.record()?["cpus"] as? Int == 1)
        }

        @Test("that is missing too is the node's fault, which names it")
        func missing() throws {
            let node = try Node()
            try node.configure(queue: ["memory": nil])
            let run = try node.prologue()
            #expect(run.status == 69)
            #expect(run.errors.contains("[queue.vm] in site.toml has no memory = \"...\" to fall back on"))
            #expect(node.jobs == [])
        }

        @Test("serves as well when Slurm's command does not end")
        func hangingCommand() throws {
            let node = try Node()
            try node.configure(queue: ["classes": "[1]"])
            // Slurm's commands wait a minute for a configuration file to appear.
            let job = JobOnNode(configuration: node.path("slurm.conf"))
            #expect(try node.prologue(job).status == 0)
            #expect(try node.record(job)?["memory"] as? Int == 512 << 20)
        }
    }
}

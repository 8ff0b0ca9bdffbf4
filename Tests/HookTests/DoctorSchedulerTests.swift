import Foundation
import Testing

extension HookTests {
    @Suite("bivouac doctor, on nodes of each batch system")
    struct DoctorSchedulerTests {
        private static let site = "etc/bivouac/site.toml"
        private static let programs = "usr/libexec/bivouac"
        private static let queue = "[queue.wm]\\nimage = \"demo/minimal\"\\nallow = [\"demo/*\"]\\n"

        /// A node of Slurm, whose commands are stand-ins that print `slurm/config` and turn away what must be.
        private func slurmNode() throws -> Node {
            let node = try Node.healthy("slurm")
            try node.write("slurm.conf", "SlurmdSpoolDir=\(node.path("spool"))\n")
            try node.writeHooks(of: "slurm", "--slurm-conf", node.path("slurm.conf"))
            let hooks = node.hooks(of: "slurm")
            try node.write(
                "slurm/config",
                """
                Configuration data as of 2026-11-02T10:00:00
                SLURM_VERSION           = 22.05.8
                Prolog                  = \(hooks)/prolog
                Epilog                  = \(hooks)/epilog
                TaskProlog              = \(hooks)/task_prolog
                PrologEpilogTimeout     = 540
                BatchStartTimeout       = 540 sec
                KillWait                = 60 sec
                PrologFlags             = Alloc,Contain,DeferBatch
                JobSubmitPlugins        = lua

                """)
            try node.writeProgram("bin/scontrol", "#!/bin/sh\nexec cat \(node.path("slurm/config"))\n")
            try node.writeProgram(
                "bin/sbatch",
                """
                #!/bin/sh
                case " $* " in
                *" --partition=vm "*) echo 'sbatch: error: bivouac: one virtual machine' >&2 ;;
                *) echo 'sbatch: Job 1 to start at 2026-11-02T10:00:00' >&2 ;;
                esac

                """)
            return node
        }

        private static let slurm: [Breakage] = [
            .gone("Scheduler", "slurm/config", "unknown", says: "Slurm does not tell its settings"),
            .changed("Hooks", "slurm/config", "/^TaskProlog/d", "warning", says: "TaskProlog is not set"),
            .changed("Hooks", "slurm/config", "s|^Epilog .*|Epilog = /x/*|", "warning", says: "must call"),
            .replaced("Hooks", programs + "/slurm/prolog", "exit 0", says: "does not fit site.toml"),
            Breakage(
                "Hooks", "warning", says: "own must call",
                by: """
                    cp slurm/config kept; printf '#!/bin/sh\\n' >own; chmod 0755 own
                    sed -i "s|^Prolog .*|Prolog = $PWD/own|" slurm/config
                    """, then: "mv kept slurm/config; rm own"),
            Breakage(
                "Hooks", "failure", says: "slurm/prolog does not fit site.toml",
                by: """
                    cp slurm/config kept; printf '#!/bin/sh\\n%s/\(programs)/slurm/prolog\\n' "$PWD" >own
                    chmod 0755 own; sed -i "s|^Prolog .*|Prolog = $PWD/own|" slurm/config
                    cp -p \(programs)/slurm/prolog kept.too; sed -i 's/^vm)/wm)/' \(programs)/slurm/prolog
                    """, then: "mv kept slurm/config; mv kept.too \(programs)/slurm/prolog; rm own"),
            .changed(
                "Hooks", programs + "/slurm/task_prolog.conf", "s/^partition vm/partition wm/",
                says: "task_prolog.conf does not fit site.toml"),
            .added("Hooks", site, queue, says: "task_prolog.conf does not fit site.toml"),
            .added("Hooks", site, queue, says: "slurm/prolog does not fit site.toml"),
            .added("JobSubmit", site, queue, says: "does not know wm"),
            .changed("JobSubmit", "slurm/config", "s/lua/none/", says: "lacks lua"),
            .changed(
                "Timeouts", "slurm/config", "s/^PrologEpilogTimeout .*/PrologEpilogTimeout = 60/",
                says: "not above"),
            .changed("Grace", "slurm/config", "s/^KillWait .*/KillWait = 5 sec/", says: "KillWait"),
            .changed("PrologFlags", "slurm/config", "s/Alloc,Contain,//", says: "lacks Alloc"),
        ]

        @Test("what is broken of Slurm's side is found by name; what slurm.conf alone says is not compared")
        func slurm() throws { try slurmNode().expectFound(Self.slurm) }

        private static let openPBS: [Breakage] = [
            .gone("Scheduler", hook + ".HK", says: "no hook of ours"),
            .changed("Hooks", hook + ".HK", "s/^enabled=.*/enabled=false/", says: "is not enabled"),
            .added("Hooks", hook + ".PY", "#", says: "import it again"),
            .changed("Hooks", hook + ".CF", "s/\"t\"/\"u\"/", says: "bivouac.CF does not fit site.toml"),
            .added("Hooks", site, queue, says: "bivouac.CF does not fit site.toml"),
            .added("Hooks", site, queue, says: "job_starter.conf does not fit site.toml"),
            .gone("Hooks", programs + "/openpbs/job_starter", says: "run hooks/install"),
            .changed("Timeouts", hook + ".HK", "s/^alarm=.*/alarm=30/", says: "is not above"),
            .changed("Grace", "bin/qmgr", "s/60/2/", says: "kill_delay"),
            .changed(
                "FailAction", hook + ".HK", "s/^fail_action=.*/fail_action=none/", "warning", says: "lacks"),
        ]
        private static let hook = "pbs/mom_priv/hooks/bivouac"

        @Test("on a node of OpenPBS, our hook is what the server gave the node, and fits site.toml")
        func openPBS() throws {
            let node = try Node.healthy("openpbs")
            try node.writeHooks(of: "openpbs")
            try node.write("etc/pbs.conf", "PBS_SERVER=server\nPBS_HOME=/pbs\n")
            try node.write(
                Self.hook + ".HK",
                """
                hook_name=bivouac
                enabled=true
                user=pbsadmin
                fail_action=offline_vnodes
                event=runjob,execjob_prologue,execjob_launch,execjob_preterm,execjob_epilogue,execjob_end,exechost_periodic
                alarm=540

                """)
            try node.shell(
                """
                cp \(Self.programs)/openpbs/bivouac.py \(Self.hook).PY
                cp \(Self.programs)/openpbs/bivouac.json \(Self.hook).CF
                """)
            try node.expectFound(Self.openPBS)
        }

        @Test("hooks that no setting on the node names are looked at where they were installed")
        func gridEngine() throws {
            let node = try Node.healthy("gridengine")
            try node.writeHooks(of: "gridengine")
            func hooks() throws -> [String] {
                try node.askDoctor().answers.filter { $0.name == "Hooks" }.map(\.verdict)
            }
            #expect(try node.faults().map(\.name) == ["Scheduler"])
            #expect(try hooks() == ["ok", "ok", "ok"])
            try node.shell("sed -i 's/^root=/root=x/' \(Self.programs)/gridengine/starter")
            #expect(try hooks() == ["ok", "ok", "failure"])
        }

        @Test("a batch system that there is not is a fault of site.toml, with the names of those there are")
        func unknownSystem() throws {
            let node = try Node(refreshed: false)
            try node.configure(["scheduler": "\"abacus\""])
            let run = try node.bivouac("doctor")
            #expect(run.status == 78)
            #expect(run.errors.contains("'scheduler'") && run.errors.contains("site.toml:"))
            #expect(run.errors.contains("slurm, torque, openpbs, gridengine, htcondor"), "\(run.errors)")
        }

        @Test("hooks are written once, into a directory with a batch system's name and no other")
        func writeHooks() throws {
            let node = try Node.healthy("torque")
            func write(_ words: String...) throws -> Outcome { try node.bivouac(["doctor"] + words) }
            let torque = node.hooks(of: "torque")
            let first = try write("--write-hooks", torque + "//")
            #expect(first.status == 0 && first.text.contains("\(torque)/prologue: written\n"))
            let second = try write("--write-hooks", torque)
            #expect(second.status == 0 && !second.text.contains("written"), "\(second.text)")
            for (words, says) in [
                (["--write-hooks", node.path("usr/libexec/bivouac")], "NAME is one of slurm, torque"),
                (["--write-hooks", ""], "NAME is one of"),
                (["--write-hooks", torque, "--slurm-conf", "/x"], "--slurm-conf is for the hooks of Slurm"),
                (["--slurm-conf", "/x"], "goes with --write-hooks"),
            ] {
                let run = try node.bivouac(["doctor"] + words)
                #expect(run.status == 64 && run.errors.contains(says), "\(words): \(run.errors)")
            }
            let missing = try write("--write-hooks", node.hooks(of: "htcondor"))
            #expect(missing.status == 78 && missing.errors.contains("run hooks/install first"))
        }
    }
}

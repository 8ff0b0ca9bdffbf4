import Foundation
import Job
import JobMachine
import Site
import Testing

@testable import bivouac_operator

extension HookTests {
    @Suite("bivouac doctor, on a node made of files")
    struct DoctorTests {
        /// What `bivouac doctor --json` says, by name; of several findings the worst.
        struct Answer: Decodable {
            let name: String
            let verdict: String
            let message: String
        }

        /// A node with everything that needs no libvirt and no scheduler's server.
        private func healthyNode() throws -> Node {
            let node = try Node()
            try FileManager.default.copyItem(atPath: node.endorsement.anchors, toPath: node.path("anchors"))
            try configure(node, scheduler: "torque")
            try Launch.require([
                Built.tree + "/hooks/install", "--prefix", node.path("usr"), "--from", Built.directory,
                "--scheduler", "torque",
            ])
            _ = try node.bivouac("image", "fetch", "demo/minimal")
            _ = try node.bivouac("tick")
            try node.write(
                "var/spool/torque/mom_priv/config",
                "$prologalarm 540\n$job_starter \(node.path("usr/libexec/bivouac/torque/job_starter"))\n")
            let directory = node.path("usr/libexec/bivouac/torque")
            let written = try node.bivouac("doctor", "--write-hooks", directory)
            #expect(written.status == 0, "\(written.errors)")
            for hook in ["prologue", "epilogue"] {
                try FileManager.default.createSymbolicLink(
                    atPath: node.path("var/spool/torque/mom_priv/" + hook),
                    withDestinationPath: directory + "/" + hook)
            }
            return node
        }

        private func configure(_ node: Node, scheduler: String) throws {
            try node.configure([
                "scheduler": "\"\(scheduler)\"", "anchors": "\"\(node.path("anchors"))\"",
            ])
        }

        private func ask(_ node: Node) throws -> (status: Int32, answers: [Answer]) {
            let run = try Launch.run(
                [node.path("usr/sbin/bivouac"), "doctor", "--json"], environment: ["BIVOUAC_ROOT": node.root])
            return (run.status, try JSONDecoder().decode([Answer].self, from: run.output))
        }

        /// What cannot be well here: no machine runs on libvirt's test driver, no server of Torque's answers.
        private static let unwell: Set = [
            "Virtualization", "Libvirt", "SecurityDriver", "Machine", "Clock", "Accounts", "Grace",
            "KvmAccess",
        ]

        @Test("a healthy node gives no finding that is not this machine's own")
        func healthy() throws {
            let node = try healthyNode()
            let (status, answers) = try ask(node)
            let bad = answers.filter { $0.verdict != "ok" && !Self.unwell.contains($0.name) }
            #expect(bad.isEmpty, "\(bad)")
            // libvirt's test driver runs nothing.
            #expect(status == 69)
            #expect(answers.first { $0.name == "Machine" }?.verdict == "failure")
            #expect(answers.first { $0.name == "Libvirt" }?.message.contains("runs no machines") == true)
            #expect(answers.first { $0.name == "Virtualization" }?.verdict == "warning")
            #expect(node.names("var/lib/bivouac/replays") == [], "what the machine was made of stayed")
            let text = try node.bivouac("doctor")
            #expect(text.text.hasPrefix("CHECK"))
        }

        /// One thing that is broken by a shell line in the node's root, and mended by another.
        struct Breakage: Sendable, CustomTestStringConvertible {
            let name: String
            let verdict: String
            let says: String
            let breaking: String
            let mending: String

            init(_ name: String, _ verdict: String, says: String, by breaking: String, then mending: String) {
                self.name = name
                self.verdict = verdict
                self.says = says
                self.breaking = breaking
                self.mending = mending
            }

            var testDescription: String { "\(name): \(says)" }

            /// Takes a path away and puts it back.
            static func gone(_ name: String, _ path: String, _ verdict: String = "failure", says: String)
                -> Breakage
            {
                Breakage(
                    name, verdict, says: says, by: "mv \(path) kept", then: "rm -rf \(path); mv kept \(path)")
            }

            /// Changes a file by sed.
            static func changed(
                _ name: String, _ path: String, _ change: String, _ verdict: String = "failure", says: String
            ) -> Breakage {
                Breakage(
                    name, verdict, says: says, by: "cp -p \(path) kept; sed -i '\(change)' \(path)",
                    then: "mv kept \(path)")
            }
        }

        private static let site = "etc/bivouac/site.toml"
        private static let mom = "var/spool/torque/mom_priv"
        private static let programs = "usr/libexec/bivouac"

        static let breakages: [Breakage] = [
            Breakage(
                "Configuration", "failure", says: "mend the file",
                by: "echo bogus=1 >etc/bivouac/lists.d/x.toml",
                then: "rm etc/bivouac/lists.d/x.toml"),
            Breakage(
                "Configuration", "warning", says: "is not read", by: "echo >etc/bivouac/lists.d/x.tom",
                then: "rm etc/bivouac/lists.d/x.tom"),
            .gone("Programs", programs + "/SHA256SUMS", says: "run hooks/install"),
            Breakage(
                "Programs", "failure", says: "is not what was installed",
                by: "cp -p \(programs)/bivouac-run kept; printf x >>\(programs)/bivouac-run",
                then: "mv kept \(programs)/bivouac-run"),
            Breakage(
                "Programs", "failure", says: "others than root", by: "chmod 0777 \(programs)/bivouac-unpack",
                then: "chmod 0755 \(programs)/bivouac-unpack"),
            Breakage(
                "Directories", "failure", says: "chmod 0700", by: "chmod 0755 var/log/bivouac",
                then: "chmod 0700 var/log/bivouac"),
            Breakage(
                "Directories", "failure", says: "others than root",
                by: "chown nobody etc/bivouac/endorsers.d",
                then: "chown root etc/bivouac/endorsers.d"),
            Breakage(
                "Directories", "failure", says: "others than root", by: "chmod 1777 var/lib/bivouac",
                then: "chmod 0755 var/lib/bivouac"),
            .changed(
                "Accounts", site, "s/^qemu_accounts.*/qemu_accounts = \"bivouac-test-no\"/",
                says: "there is no account bivouac-test-no0"),
            .changed(
                "Virtualization", site, "s/^virtualization.*/virtualization = \"xen\"/", says: "not supported"
            ),
            .changed(
                "Libvirt", site, "s|test:///default|qemu+unix:///system?socket=/nonexistent|",
                says: "is libvirtd running"),
            Breakage(
                "AgentVolume", "failure", says: "bivouac-guest", by: "chmod g+w \(programs)/bivouac-guest",
                then: "chmod g-w \(programs)/bivouac-guest"),
            .changed("Anchors", site, "s|^anchors.*|anchors = \"/nonexistent\"|", says: "is not there"),
            Breakage(
                "Anchors", "failure", says: "has no certificate of /DC=org/DC=example/CN=Other",
                by:
                    "sed 's|/CN=[^/]*\"$|/CN=Other\"|' etc/bivouac/endorsers.d/eve.toml >etc/bivouac/endorsers.d/x.toml",
                then: "rm etc/bivouac/endorsers.d/x.toml"),
            Breakage(
                "Sharing", "failure", says: "is not there",
                by: "cp -p \(site) kept; printf '[exports]\\nx = \"/bivouac-test-none\"\\n' >>\(site)",
                then: "mv kept \(site)"),
            Breakage(
                "Anchors", "failure", says: "others than root", by: "chmod 0775 anchors",
                then: "chmod 0755 anchors"),
            Breakage(
                "RevocationLists", "failure", says: "has none", by: "mkdir kept; mv anchors/*.r0 kept",
                then: "mv kept/* anchors; rmdir kept"),
            Breakage(
                "RevocationLists", "failure", says: "is damaged",
                by: "cp -r anchors kept; for list in anchors/*.r0; do echo x >$list; done",
                then: "rm -r anchors; mv kept anchors"),
            .gone("Lists", "var/lib/bivouac/lists/demo", says: "was never accepted here"),
            .gone("Images", "var/lib/bivouac/lists/demo", says: "is in no accepted list"),
            Breakage(
                "Images", "warning", says: "is fetched by its first job",
                by: "mv var/lib/bivouac/images kept; mkdir var/lib/bivouac/images",
                then: "rm -rf var/lib/bivouac/images; mv kept var/lib/bivouac/images"),
            Breakage(
                "Admission", "failure", says: "ImageDenied",
                by:
                    "mkdir -p etc/bivouac/deny.d; printf 'vo=[\"demo\"]\\nreason=\"x\"\\n' >etc/bivouac/deny.d/x.toml",
                then: "rm etc/bivouac/deny.d/x.toml"),
            .changed("Admission", site, "s/^classes.*/classes = [3]/", says: "ClassNotAllowed"),
            Breakage(
                "Space", "warning", says: "lower them",
                by: "cp -p \(site) kept; printf '[store]\\nlimit = \"9000000 GiB\"\\n' >>\(site)",
                then: "mv kept \(site)"),
            Breakage(
                "Space", "failure", says: "jobs drain the node",
                by: "mount -t tmpfs -o size=16m bivouac-test var/lib/bivouac", then: "umount var/lib/bivouac"),
            .changed("AuditLog", "var/log/bivouac/audit.jsonl", "s/e/x/g", says: "no job starts"),
            Breakage(
                "AuditLog", "failure", says: "chmod", by: "chmod 0666 var/log/bivouac/audit.jsonl",
                then: "chmod 0600 var/log/bivouac/audit.jsonl"),
            Breakage(
                "AuditLog", "failure", says: "is gone",
                by: "mkdir -p var/lib/bivouac/evidence/2026-01-01; mv var/log/bivouac/audit.jsonl kept",
                then: "rm -r var/lib/bivouac/evidence/2026-01-01; mv kept var/log/bivouac/audit.jsonl"),
            Breakage(
                "Leftovers", "warning", says: "t-99.0", by: "mkdir -p var/lib/bivouac/machines/t-99.0",
                then: "rmdir var/lib/bivouac/machines/t-99.0"),
            .gone("Tick", "run/bivouac/ticked", "warning", says: "has not run"),
            Breakage(
                "Tick", "warning", says: "min ago", by: "touch -d -20min run/bivouac/ticked",
                then: "touch run/bivouac/ticked"),
            .changed("Tick", "run/bivouac/ticked", "s/0/69/", "warning", says: "could not do all"),
            .gone("Scheduler", mom + "/config", says: "cannot be read"),
            .gone("Hooks", mom + "/epilogue", says: "is not there"),
            Breakage(
                "Hooks", "failure", says: "pbs_mom does not take",
                by: "chmod 0775 \(programs)/torque/prologue",
                then: "chmod 0755 \(programs)/torque/prologue"),
            Breakage(
                "Hooks", "warning", says: "must call",
                by: "mv \(mom)/prologue kept; echo '#!/bin/sh' >\(mom)/prologue; chmod 755 \(mom)/prologue",
                then: "mv kept \(mom)/prologue"),
            .changed("Hooks", programs + "/torque/prologue", "s/^vm)/wm)/", says: "does not fit site.toml"),
            .changed(
                "Hooks", programs + "/torque/job_starter.conf", "s/vm/wm/", says: "does not fit site.toml"),
            .changed(
                "Hooks", mom + "/config", "$a$source_login_batch false", says: "does not fit site.toml"),
            .gone("Hooks", programs + "/torque/job_starter", says: "run hooks/install"),
            .changed(
                "Timeouts", site, "s/^prologue_timeout.*/prologue_timeout = \"10m\"/",
                says: "requeues its job"),
            .changed("JobStarter", mom + "/config", "s/job_starter$/other/", says: "it must be"),
        ]

        @Test("what is broken is found by name, and nothing of it stays found when it is mended")
        func broken() throws {
            let node = try healthyNode()
            for breakage in Self.breakages {
                try shell(breakage.breaking, on: node)
                let found = Result { try ask(node) }
                try shell(breakage.mending, on: node)
                let (status, answers) = try found.get()
                #expect(status == 69, "\(breakage)")
                let named = answers.filter { $0.name == breakage.name && $0.verdict == breakage.verdict }
                #expect(named.contains { $0.message.contains(breakage.says) }, "\(breakage): \(answers)")
            }
            let bad = try ask(node).answers.filter { $0.verdict != "ok" && !Self.unwell.contains($0.name) }
            #expect(bad.isEmpty, "\(bad)")
        }

        private func shell(_ line: String, on node: Node) throws {
            try Launch.require(["/bin/sh", "-euc", "cd \"$1\"; " + line, "sh", node.root])
        }

        @Test("on a node of OpenPBS, our hook is what the server gave the node")
        func openPBS() throws {
            let node = try healthyNode()
            try shell(
                "mkdir -p pbs/mom_priv/hooks usr/libexec/bivouac/openpbs", on: node)
            try configure(node, scheduler: "openpbs")
            try node.write("etc/pbs.conf", "PBS_SERVER=server\nPBS_HOME=/pbs\n")
            #expect(try ask(node).answers.contains { $0.name == "Scheduler" && $0.verdict == "failure" })
            try node.write(
                "pbs/mom_priv/hooks/bivouac.HK",
                """
                hook_name=bivouac
                enabled=true
                user=pbsadmin
                fail_action=none
                event=runjob,execjob_prologue,execjob_launch,execjob_preterm,execjob_epilogue,execjob_end,exechost_periodic
                alarm=30

                """)
            for (mine, theirs) in [("bivouac.py", "bivouac.PY"), ("bivouac.json", "bivouac.CF")] {
                try node.write("usr/libexec/bivouac/openpbs/" + mine, mine)
                try node.write("pbs/mom_priv/hooks/" + theirs, mine)
            }
            var answers = try ask(node).answers
            func verdict(_ name: String) -> String? { answers.first { $0.name == name }?.verdict }
            #expect(verdict("Scheduler") == "ok" && verdict("Hooks") == "ok")
            #expect(verdict("Timeouts") == "failure" && verdict("FailAction") == "warning")
            try node.write("pbs/mom_priv/hooks/bivouac.PY", "another")
            answers = try ask(node).answers
            #expect(verdict("Hooks") == "failure")
        }

        @Test("a node without any scheduler's settings says that they are not known")
        func noScheduler() throws {
            let node = try healthyNode()
            try configure(node, scheduler: "slurm")
            let run = try Launch.run(
                [node.path("usr/sbin/bivouac"), "doctor", "--json"],
                environment: ["BIVOUAC_ROOT": node.root, "SLURM_CONF": "/nonexistent"])
            let answers = try JSONDecoder().decode([Answer].self, from: run.output)
            #expect(answers.first { $0.name == "Scheduler" }?.verdict == "unknown")
            try configure(node, scheduler: "abacus")
            let other = try ask(node).answers.first { $0.name == "Scheduler" }
            #expect(other?.verdict == "unknown" && other?.message.contains("abacus") == true)
        }

        @Test("an ordinary user is told what she cannot see, and that this is no clean bill")
        func ordinaryUser() throws {
            let node = try healthyNode()
            let run = try Launch.run(
                Launch.words([node.path("usr/sbin/bivouac"), "doctor", "--json"], as: JobOnNode.nobody),
                environment: ["BIVOUAC_ROOT": node.root])
            let answers = try JSONDecoder().decode([Answer].self, from: run.output)
            #expect(run.status == 75, "\(answers)")
            let unseen = Set(answers.filter { $0.message == "only root can see that" }.map(\.name))
            #expect(unseen.isSuperset(of: ["Machine", "Confinement", "AuditLog", "Leftovers", "Libvirt"]))
            #expect(unseen.isDisjoint(with: ["Configuration", "Lists", "RevocationLists", "Accounts"]))
        }

        /// What the doctor would say at another moment.
        private func findings(_ node: Node, in seconds: Int64) throws -> [Finding] {
            let places = Places(root: node.root)
            let doctor = Doctor(
                site: try Site.load(places: places), places: places,
                programs: Programs(directory: node.path("usr/libexec/bivouac")),
                now: Timestamp(seconds: Int64(Date().timeIntervalSince1970) + seconds), trial: nil)
            return doctor.anchors + doctor.revocationLists + doctor.lists + [doctor.clock, doctor.tick]
        }

        @Test("what time makes worse is told before it happens and when it has happened")
        func time() throws {
            let node = try Node()
            func verdicts(_ name: String, in seconds: Int64) throws -> Finding.Verdict? {
                try findings(node, in: seconds).first { $0.name == name }?.verdict
            }
            let day: Int64 = 86_400
            #expect(try verdicts("Lists", in: 0) == .ok)
            #expect(try verdicts("RevocationLists", in: 0) == .ok)
            #expect(try verdicts("Anchors", in: 0) == .ok)
            // The example's CRLs are good for 30 days, its authority for 3650.
            for (name, days, verdict) in [
                ("RevocationLists", 29, Finding.Verdict.warning), ("RevocationLists", 31, .failure),
                ("Lists", 31, .failure), ("Anchors", 3640, .warning), ("Anchors", 3651, .failure),
            ] as [(String, Int64, Finding.Verdict)] {
                #expect(try verdicts(name, in: days * day) == verdict, "\(name) in \(days) days")
            }
            let path = node.path("short.list")
            try node.endorsement.sign(
                path, ["--version", "9999999999", "--expires", Endorsement.moment(2 * 86_400)])
            try node.write("etc/bivouac/lists.d/demo.toml", node.subscription(path))
            try node.refresh()
            #expect(try verdicts("Lists", in: 0) == .warning)
            #expect(try verdicts("Lists", in: 3 * day) == .failure)
            #expect(try verdicts("Clock", in: -day) == .failure)
            #expect(
                try verdicts("RevocationLists", in: -day) == .failure, "a list of revocations from the future"
            )
        }
    }
}

import Foundation
import Job
import JobMachine
import Site
import Testing

@testable import bivouac_operator

extension HookTests {
    @Suite("bivouac doctor, on a node made of files")
    struct DoctorTests {
        /// A healthy node of Torque.
        private func healthyNode() throws -> Node {
            let node = try Node.healthy("torque")
            let directory = node.hooks(of: "torque")
            try node.write(
                Self.mom + "/config", "$prologalarm 540\n$job_starter \(directory)/job_starter\n")
            try node.writeHooks(of: "torque")
            for hook in ["prologue", "epilogue"] {
                try FileManager.default.createSymbolicLink(
                    atPath: node.path("\(Self.mom)/\(hook)"), withDestinationPath: "\(directory)/\(hook)")
            }
            return node
        }

        @Test("a healthy node gives no finding that is not this machine's own")
        func healthy() throws {
            let node = try healthyNode()
            #expect(try node.faults().isEmpty)
            let (status, answers) = try node.askDoctor()
            // libvirt's test driver runs nothing.
            #expect(status == 69)
            #expect(answers.first { $0.name == "Machine" }?.verdict == "failure")
            #expect(answers.first { $0.name == "Libvirt" }?.message.contains("runs no machines") == true)
            #expect(answers.first { $0.name == "Virtualization" }?.verdict == "warning")
            #expect(Set(answers.map(\.name)).isSubset(of: Set(Doctor.questions.flatMap(\.names))))
            #expect(node.names("var/lib/bivouac/replays") == [], "what the machine was made of stayed")
            let text = try node.bivouac("doctor")
            #expect(text.text.hasPrefix("CHECK"))
        }

        @Test("doctors who look at a node at the same time are not in each other's way")
        func together() throws {
            let node = try Node()
            try node.writeProgram("usr/sbin/bivouac", "#!/bin/sh\nexec \(Built.bivouac) \"$@\"\n")
            try node.write("bin/none", "")
            let doctors = try (0..<3).map { _ in try node.startDoctor() }
            for doctor in doctors { #expect(!(try doctor.wait().text.contains("is in use"))) }
        }

        @Test("a site's own prologue beside ours, or one that calls ours, is as good as ours")
        func ownPrologue() throws {
            let node = try healthyNode()
            let own = "#!/bin/sh\n: site's\n"
            for text in [own, own + "\(node.hooks(of: "torque"))/prologue \"$@\" || exit\n"] {
                try node.shell(
                    "cd \(Self.mom); [ -e prologue.vm ] || mv prologue prologue.vm; rm -f prologue")
                try node.writeProgram(Self.mom + "/prologue", text)
                if text != own { try node.shell("rm \(Self.mom)/prologue.vm") }
                let faults = try node.faults()
                #expect(faults.isEmpty, "\(faults)")
            }
        }

        private static let site = "etc/bivouac/site.toml"
        private static let mom = "var/spool/torque/mom_priv"
        private static let programs = "usr/libexec/bivouac"

        /// What every node has, whatever its batch system.
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
            Breakage(
                "Directories", "failure", says: "var/lib/bivouac/users can be changed by others",
                by: "mkdir var/lib/bivouac/users; chmod 0777 var/lib/bivouac/users",
                then: "rmdir var/lib/bivouac/users"),
            Breakage(
                "Directories", "failure", says: "unlogged has mode 0711",
                by: "mkdir -m 0711 var/lib/bivouac/unlogged", then: "rmdir var/lib/bivouac/unlogged"),
            Breakage(
                "Directories", "failure", says: "run/bivouac/accounts has mode 0640",
                by: "chmod 0640 run/bivouac/accounts", then: "chmod 0600 run/bivouac/accounts"),
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
            .added("Sharing", site, "[exports]\\nx = \"/bivouac-test-none\"\\n", says: "is not there"),
            Breakage(
                "Anchors", "failure", says: "has no endorser",
                by: "mv etc/bivouac/endorsers.d kept; mkdir etc/bivouac/endorsers.d",
                then: "rmdir etc/bivouac/endorsers.d; mv kept etc/bivouac/endorsers.d"),
            Breakage(
                "RevocationLists", "unknown", says: "see Anchors",
                by: "mv etc/bivouac/endorsers.d kept; mkdir etc/bivouac/endorsers.d",
                then: "rmdir etc/bivouac/endorsers.d; mv kept etc/bivouac/endorsers.d"),
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
            .added("Space", site, "[store]\\nlimit = \"9000000 GiB\"\\n", "warning", says: "lower them"),
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
        ]

        /// What the batch system is told, and what it calls.
        static let torque: [Breakage] = [
            .gone("Scheduler", mom + "/config", says: "cannot be read"),
            .gone("Hooks", mom + "/epilogue", says: "is not there"),
            Breakage(
                "Hooks", "failure", says: "chmod 0755", by: "chmod 0775 \(programs)/torque/prologue",
                then: "chmod 0755 \(programs)/torque/prologue"),
            .replaced("Hooks", mom + "/prologue", "exit 0", "warning", says: "must call"),
            .replaced(
                "Hooks", mom + "/prologue", "#exec $PWD/\(programs)/torque/prologue \\$@", "warning",
                says: "must call"),
            .changed("Hooks", programs + "/torque/prologue", "s/^vm)/wm)/", says: "does not fit site.toml"),
            Breakage(
                "Hooks", "failure", says: "torque/prologue does not fit site.toml",
                by: """
                    mv \(mom)/prologue kept; cp -p \(programs)/torque/prologue kept.too
                    printf '#!/bin/sh\\nexec %s/\(programs)/torque/prologue "$@"\\n' "$PWD" >\(mom)/prologue
                    chmod 0700 \(mom)/prologue; sed -i 's/^vm)/wm)/' \(programs)/torque/prologue
                    """, then: "mv kept \(mom)/prologue; mv kept.too \(programs)/torque/prologue"),
            Breakage(
                "Hooks", "failure", says: "prologue does not fit site.toml",
                by: """
                    mv \(mom)/prologue kept; sed 's/^vm)/wm)/' \(programs)/torque/prologue >\(mom)/prologue
                    chmod 0755 \(mom)/prologue
                    """, then: "mv kept \(mom)/prologue"),
            Breakage(
                "Hooks", "failure", says: "prologue.vm must be",
                by: "echo >\(mom)/prologue.vm; chmod 0644 \(mom)/prologue.vm", then: "rm \(mom)/prologue.vm"),
            Breakage(
                "Hooks", "warning", says: "prologue.vm must call",
                by: "echo >\(mom)/prologue.vm; chmod 0755 \(mom)/prologue.vm", then: "rm \(mom)/prologue.vm"),
            .changed(
                "Hooks", programs + "/torque/job_starter.conf", "s/vm/wm/", says: "does not fit site.toml"),
            .changed(
                "Hooks", mom + "/config", "$a$source_login_batch false", says: "does not fit site.toml"),
            .gone("Hooks", programs + "/torque/job_starter", says: "run hooks/install"),
            .changed("Hooks", site, "s/^.queue.vm.$/[queue.wm]/", says: "does not fit site.toml"),
            .changed(
                "Timeouts", site, "s/^prologue_timeout.*/prologue_timeout = \"10m\"/",
                says: "requeues its job"),
            .changed("Grace", "bin/qmgr", "s/60/2/", says: "kill_delay"),
            .changed("JobStarter", mom + "/config", "s/job_starter$/other/", says: "it must be"),
        ]

        @Test("what is broken is found by name, and nothing of it stays found when it is mended")
        func broken() throws { try healthyNode().expectFound(Self.breakages + Self.torque) }

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
                now: Timestamp(seconds: Int64(Date().timeIntervalSince1970) + seconds))
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

import Batch
import Job
import Site
import Testing

/// A site with a queue `vm` that promises 25 s, whose prologue has 480 s.
private let site = Site(cluster: "t", queues: ["vm": Queue(name: "vm", allow: ["demo/*"])])

private func find(_ name: String, in findings: [Finding]) throws -> Finding {
    try #require(findings.first { $0.name == name })
}

@Suite("Slurm's settings")
struct SlurmSettingsTests {
    static let good = """
        Configuration data as of 2026-11-21T15:00:00
        BatchStartTimeout       = 560 sec
        JobSubmitPlugins        = all_partitions,lua
        KillWait                = 30 sec
        PrologEpilogTimeout     = 540
        PrologFlags             = Alloc,Contain,DeferBatch
        SlurmctldHost[0]        = control
        TaskProlog              = (null)
        """

    @Test("that fit are found good, as scontrol prints them and as slurm.conf spells them")
    func fits() {
        let file = Self.good.replacing(" sec", with: "  # why")
            .replacing("PrologFlags ", with: "prologFLAGS ")
        for text in [Self.good, file, "KillWait=2\n" + Self.good] {
            let findings = SlurmSettings(text).findings(for: site)
            #expect(findings.allSatisfy { $0.verdict == .ok }, "\(findings)")
            #expect(Set(findings.map(\.name)) == ["Timeouts", "Grace", "JobSubmit", "PrologFlags"])
        }
        #expect(SlurmSettings(Self.good)["TaskProlog"] == nil)
    }

    static let bad: [(old: String, new: String, name: String, verdict: Finding.Verdict, says: String)] = [
        ("= 540", "= 480", "Timeouts", .failure, "not above prologue_timeout (480 s)"),
        ("= 540", "= 65534", "Timeouts", .warning, "waits for ever"),
        ("PrologEpilogTimeout ", "x ", "Timeouts", .warning, "waits for ever"),
        ("= 560", "= 10", "Timeouts", .failure, "BatchStartTimeout is below"),
        ("BatchStartTimeout ", "x ", "Timeouts", .failure, "BatchStartTimeout is below"),
        ("= 30", "= 25", "Grace", .failure, "promises 25 s"),
        ("all_partitions,lua", "all_partitions", "JobSubmit", .failure, "lacks lua"),
        ("Alloc,Contain,", "", "PrologFlags", .failure, "lacks Alloc"),
        ("DeferBatch", "DeferBatch,Serial", "PrologFlags", .warning, "one after the other"),
        (",DeferBatch", "", "PrologFlags", .warning, "lacks DeferBatch"),
    ]

    @Test("that contradict each other or site.toml are found by name", arguments: bad)
    func misfits(
        _ example: (old: String, new: String, name: String, verdict: Finding.Verdict, says: String)
    ) throws {
        let text = Self.good.replacing(example.old, with: example.new)
        #expect(text != Self.good)
        let finding = try find(example.name, in: SlurmSettings(text).findings(for: site))
        #expect(finding.verdict == example.verdict)
        #expect(finding.message.contains(example.says), "\(finding.message)")
    }
}

@Suite("Torque's settings")
struct TorqueSettingsTests {
    static let good = """
        # comment
        $logevent 255
        $job_starter /usr/libexec/bivouac/torque/job_starter
        $prologalarm 540
        """
    static let server = QmgrSettings("set queue vm kill_delay = 30\nset server kill_delay = 5\n")

    private func findings(_ text: String, _ server: QmgrSettings? = Self.server) -> [Finding] {
        TorqueSettings(text).findings(for: site, server: server)
    }

    @Test("that fit are found good")
    func fits() {
        #expect(findings(Self.good).allSatisfy { $0.verdict == .ok })
        let server = QmgrSettings(
            "# set server kill_delay = 1\nset server kill_delay = 26\nset server x += \"a\"\n")
        #expect(findings(Self.good, server).allSatisfy { $0.verdict == .ok })
    }

    static let bad: [(old: String, new: String, name: String, says: String)] = [
        ("540", "490", "Timeouts", "$prologalarm (490 s)"),
        ("$prologalarm", "#", "Timeouts", "$prologalarm (300 s)"),
        ("540", "long", "Timeouts", "$prologalarm (300 s)"),
        ("$job_starter", "#", "JobStarter", "not set"),
        ("/torque/job_starter", "/torque/other", "JobStarter", "is /usr/libexec/bivouac/torque/other"),
        ("$logevent 255", "$job_starter_run_privileged true", "JobStarter", "gives root"),
    ]

    @Test("that contradict each other or site.toml are found by name", arguments: bad)
    func misfits(_ example: (old: String, new: String, name: String, says: String)) throws {
        let text = Self.good.replacing(example.old, with: example.new)
        let finding = try find(example.name, in: findings(text))
        #expect(finding.verdict == .failure)
        #expect(finding.message.contains(example.says), "\(finding.message)")
    }

    @Test("leave a payload what its queue promises, or it is found: Torque's own default does not")
    func killDelay() throws {
        for (text, verdict) in [
            ("set queue vm kill_delay = 25", Finding.Verdict.failure), ("", .failure),
            ("set server kill_delay = 20", .failure), ("set queue other kill_delay = 30", .failure),
        ] {
            let finding = try find("Grace", in: findings(Self.good, QmgrSettings(text)))
            #expect(finding.verdict == verdict, "\(text)")
        }
        #expect(try find("Grace", in: findings(Self.good, nil)).verdict == .unknown)
    }
}

@Suite("OpenPBS's settings")
struct OpenPBSSettingsTests {
    static let good = """
        hook_name=bivouac
        enabled=true
        user=pbsadmin
        fail_action=offline_vnodes
        event=runjob,execjob_prologue,execjob_launch,execjob_preterm,execjob_epilogue,execjob_end,exechost_periodic
        alarm=540
        """
    static let server = QmgrSettings("set queue vm kill_delay = 30\n")

    private func findings(_ text: String) -> [Finding] {
        OpenPBSSettings(text).findings(for: site, server: Self.server)
    }

    @Test("that fit are found good, as a node keeps them and as a script of qmgr sets them")
    func fits() {
        #expect(findings(Self.good).allSatisfy { $0.verdict == .ok })
        let script = Self.good.split(separator: "\n").dropFirst().map {
            "set hook bivouac " + $0.replacing("=", with: " = ").replacing(",execjob_end", with: "")
        }
        let settings = QmgrSettings(
            script.joined(separator: "\n")
                + "\nset hook bivouac event += execjob_end\nset hook other alarm = 1\n")
        let findings = OpenPBSSettings(settings).findings(for: site, server: Self.server)
        #expect(findings.allSatisfy { $0.verdict == .ok }, "\(findings)")
    }

    static let bad: [(old: String, new: String, name: String, verdict: Finding.Verdict, says: String)] = [
        ("enabled=true", "enabled=false", "Hooks", .failure, "is not enabled"),
        ("execjob_launch,", "", "Hooks", .failure, "is not called for execjob_launch"),
        ("pbsadmin", "pbsuser", "Hooks", .failure, "does not run as root"),
        ("540", "480", "Timeouts", .failure, "alarm (480 s)"),
        ("alarm=", "x=", "Timeouts", .failure, "alarm (30 s)"),
        ("offline_vnodes", "none", "FailAction", .warning, "lacks offline_vnodes"),
    ]

    @Test("that contradict each other or site.toml are found by name", arguments: bad)
    func misfits(
        _ example: (old: String, new: String, name: String, verdict: Finding.Verdict, says: String)
    ) throws {
        let text = Self.good.replacing(example.old, with: example.new)
        let finding = try find(example.name, in: findings(text))
        #expect(finding.verdict == example.verdict)
        #expect(finding.message.contains(example.says), "\(finding.message)")
    }

    @Test("leave a payload what its queue promises, or it is found: OpenPBS's own default does not")
    func killDelay() throws {
        let settings = OpenPBSSettings(Self.good)
        let finding = try find("Grace", in: settings.findings(for: site, server: QmgrSettings("")))
        #expect(finding.verdict == .failure)
        #expect(finding.message.contains("10 s (kill_delay)"))
    }
}

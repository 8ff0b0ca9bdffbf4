import Foundation
import TestSupport
import Testing

/// The hook with stand-ins for our programs: what becomes of their exit statuses, and what they are told.
@Suite("The hook of OpenPBS", .serialized)
final class OpenPBSHookTests {
    private let directory: String
    private let mom: Mom

    init() throws {
        directory = "/tmp/bivouac-test-" + UUID().uuidString
        for name in ["libexec", "sbin", "run/bivouac/jobs"] {
            try FileManager.default.createDirectory(
                atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
        }
        let settings: [String: Any] = [
            "queues": ["vm", "gpu"], "cluster": "t", "root": directory, "libexec": directory + "/libexec",
            "sbin": directory + "/sbin",
        ]
        let path = directory + "/bivouac.json"
        try JSONSerialization.data(withJSONObject: settings).write(to: URL(fileURLWithPath: path))
        mom = Mom(directory: directory, configuration: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Puts a program in the place of one of ours; it keeps its arguments, environment and input.
    private func program(_ name: String, _ ending: String) throws {
        let path = "\(directory)/\(name)"
        let script = """
            #!/bin/sh
            { echo "$*"; env | sort; echo --; cat; } >'\(path).told'
            \(ending)

            """
        try writeProgram(script.utf8, to: path)
    }

    /// What a program was told; nil when it was not run.
    private func told(_ name: String) -> String? {
        FileManager.default.contents(atPath: "\(directory)/\(name).told").map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test(
        "turns a prologue's status into what becomes of the job",
        arguments: [(0, true, false, false), (75, false, true, false), (78, false, false, true)])
    func statuses(status: Int, accept: Bool, rerun: Bool, delete: Bool) throws {
        try program("libexec/bivouac-prologue", "echo before >&2; echo 'bivouac: why' >&2; exit \(status)")
        let decision = try mom.event("execjob_prologue")
        #expect(decision.status == 0)
        #expect(decision.accept == accept)
        #expect(decision.rerun == rerun)
        #expect(decision.delete == delete)
        #expect(decision.message == (accept ? nil : "bivouac: why"))
        // The one line is in the job's own file.
        #expect(decision.errors == (accept ? "" : "bivouac: why\n"))
        #expect(decision.offline == [])
    }

    @Test(
        "raises for any other end of the prologue, and for one that is not there",
        arguments: ["exit 69", "exit 1", "kill -9 $$", ""])
    func faults(ending: String) throws {
        if !ending.isEmpty { try program("libexec/bivouac-prologue", ending) }
        let decision = try mom.event("execjob_prologue")
        #expect(decision.status == 254)
        #expect(!decision.accept)
        #expect(decision.exception != nil)
        #expect(decision.delete == false)
    }

    @Test("tells the prologue what it needs and nothing of the user's environment")
    func input() throws {
        try program("libexec/bivouac-prologue", "exit 0")
        #expect(try mom.event("execjob_prologue", Mom.job("7", ["Resource_List[other]": "image=a/b"])).accept)
        let line = try #require(told("libexec/bivouac-prologue"))
        let parts = line.components(separatedBy: "--\n")
        let lines = parts[0].split(separator: "\n").filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") }
        #expect(lines == ["openpbs", "BIVOUAC_ROOT=\(directory)", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        let event = try JSONDecoder().decode([String: String].self, from: Data(parts[1].utf8))
        #expect(
            event == [
                "id": "7.pbs.example.org", "queue": "vm", "Account_Name": "physics", "euser": "nobody",
                "egroup": "nogroup", "exec_host2": "node1:15002/0", "run_version": "0",
                "exec_vnode": "(node1:ncpus=1:mem=524288kb)", "project": "_pbs_project_default",
                "walltime": "00:10:00", "other": "image=a/b",
            ])
    }

    @Test("works without what an older release or a site lacks: the resource other, or an attribute")
    func absent() throws {
        try program("libexec/bivouac-prologue", "exit 0")
        var old = mom
        old.environment = [
            "STANDIN_RESOURCES": "site", "STANDIN_ABSENT": "run_version project job_kill_delay",
        ]
        let job = Mom.job("7", ["Resource_List[walltime]": nil, "run_version": nil, "project": nil])
        #expect(try old.event("execjob_prologue", job).accept)
        let line = try #require(told("libexec/bivouac-prologue"))
        for name in ["run_version", "project", "walltime", "other"] { #expect(!line.contains("\"\(name)\"")) }
    }

    @Test(
        "leaves at once where the queue is not ours: nothing is run, nothing changed",
        arguments: [
            "execjob_prologue", "execjob_launch", "execjob_preterm", "execjob_epilogue", "execjob_end",
        ])
    func others(event: String) throws {
        for name in ["libexec/bivouac-prologue", "libexec/bivouac-epilogue", "sbin/bivouac"] {
            try program(name, "exit 69")
        }
        let decision = try mom.event(
            event, Mom.job("7", ["queue": "batch"]),
            event == "execjob_launch" ? ["pbs.event().progname=/bin/sh", "pbs.event().argv[0]=-sh"] : [])
        #expect(decision.accept)
        #expect(decision.argv ?? ["-sh"] == ["-sh"])
        for name in ["libexec/bivouac-prologue", "libexec/bivouac-epilogue", "sbin/bivouac"] {
            #expect(told(name) == nil)
        }
    }

    @Test("goes on with a job that has a record here, whatever its queue is called by now")
    func moved() throws {
        try program("libexec/bivouac-epilogue", "exit 0")
        try FileManager.default.createDirectory(
            atPath: directory + "/run/bivouac/jobs/t-7", withIntermediateDirectories: false)
        let launch = try mom.launch(["-sh"], as: "/bin/sh", Mom.job("7", ["queue": "batch"]))
        #expect(launch.progname == directory + "/libexec/openpbs/job_starter")
        #expect(try mom.event("execjob_end", Mom.job("7", ["queue": "batch", "Exit_status": "3"])).accept)
        #expect(told("libexec/bivouac-epilogue")?.contains("\"Exit_status\": \"3\"") == true)
    }

    @Test("puts the launcher in front of a shell, and in front of a program given to qsub")
    func launch() throws {
        let shell = try mom.launch(["-bash"], as: "/bin/bash")
        #expect(shell.progname == directory + "/libexec/openpbs/job_starter")
        #expect(shell.argv == [directory + "/libexec/openpbs/job_starter", "/bin/bash"])
        let xml = "<jsdl-hpcpa:Executable>/bin/echo</jsdl-hpcpa:Executable>"
        let program = try mom.launch(
            ["/bin/echo", "a b", "$(c)"], as: "/bin/echo", Mom.job("7", ["executable": xml]))
        #expect(program.progname == directory + "/libexec/bivouac-run")
        #expect(
            program.argv == [
                directory + "/libexec/bivouac-run", "--root=\(directory)", "--job=7", "--", "/bin/echo",
                "a b", "$(c)",
            ])
    }

    @Test("turns away what a job starts on another node")
    func sister() throws {
        try program("libexec/bivouac-prologue", "exit 69")
        let elsewhere = Mom.job("7", ["_msmom": nil])
        #expect(try mom.event("execjob_epilogue", elsewhere).accept)
        for event in [
            try mom.launch(["/bin/true"], as: "/bin/true", elsewhere),
            try mom.event("execjob_prologue", elsewhere),
        ] {
            #expect(!event.accept)
            #expect(event.message?.contains("MultiNode") == true)
        }
        #expect(told("libexec/bivouac-prologue") == nil)
    }

    @Test(
        "takes a node out of service whose machine does not end",
        arguments: ["execjob_epilogue", "execjob_end"])
    func epilogue(event: String) throws {
        try program("libexec/bivouac-epilogue", "exit 0")
        #expect(try mom.event(event, Mom.job("7", ["Exit_status": "0"])).offline == [])
        try program("libexec/bivouac-epilogue", "echo 'bivouac: stuck' >&2; exit 69")
        let stuck = try mom.event(event)
        #expect(stuck.offline == ["node1"])
        #expect(stuck.message == "bivouac: stuck")
    }

    @Test("tells the payload how long it has before TERM, and never stops a qdel")
    func preterm() throws {
        try program("sbin/bivouac", "exit 69")
        #expect(try mom.event("execjob_preterm", Mom.job("7", ["job_kill_delay": "25"])).accept)
        #expect(told("sbin/bivouac")?.hasPrefix("job notify t-7 --in 25s --reason deleted\n") == true)
        #expect(try mom.event("execjob_preterm", Mom.job("7")).accept)
        #expect(told("sbin/bivouac")?.hasPrefix("job notify t-7 --in 10s --reason deleted\n") == true)
    }

    @Test("never stops a qdel by being broken itself")
    func brokenPreterm() throws {
        #expect(try mom.event("execjob_preterm").accept)
        #expect(
            try Mom(directory: directory, configuration: directory + "/nowhere").event("execjob_preterm")
                .accept)
    }

    @Test("passes on no more of a user's text than a program of ours takes")
    func longText() throws {
        try program("libexec/bivouac-prologue", "exit 0")
        let text = String(repeating: "\u{1}", count: 2 << 20)
        let job = Mom.job("7", ["Resource_List[other]": text, "Account_Name": text, "project": text])
        #expect(try mom.event("execjob_prologue", job).accept)
        #expect((told("libexec/bivouac-prologue") ?? "").utf8.count < 400_000)
    }

    @Test("lets tick know all of our jobs that MOM has, and no others")
    func periodic() throws {
        try program("sbin/bivouac", "exit 0")
        let jobs = [
            Mom.job("7", ["session_id": "99"]), Mom.job("8", ["queue": "batch"]),
            Mom.job("9", ["queue": "gpu"]),
        ]
        #expect(try mom.periodic(jobs).accept)
        let line = try #require(told("sbin/bivouac"))
        #expect(line.hasPrefix("tick\n"))
        let list = try #require(line.split(separator: "\n").first { $0.hasPrefix("BIVOUAC_OPENPBS_JOBS=") })
        let events = try JSONDecoder().decode(
            [[String: String]].self, from: Data(list.dropFirst("BIVOUAC_OPENPBS_JOBS=".count).utf8))
        #expect(
            events == [
                ["id": "7.pbs.example.org", "run_version": "0", "walltime": "00:10:00", "session_id": "99"],
                ["id": "9.pbs.example.org", "run_version": "0", "walltime": "00:10:00"],
            ])
        try program("sbin/bivouac", "echo 'bivouac: no list' >&2; exit 75")
        let failed = try mom.periodic([])
        #expect(failed.accept)
        #expect(failed.log == ["bivouac: no list"])
    }

    @Test(
        "has MOM tell the server which images the node has, when tick says so",
        arguments: [
            ("", [:]),
            ("{\"bivouac_image\": [\"bivouac_a1\", \"bivouac_b2\"]}", ["node1": "bivouac_a1,bivouac_b2"]),
            ("{\"bivouac_image\": []}", ["node1": "none"]),
        ])
    func published(answer: String, resources: [String: String]) throws {
        try program(
            "sbin/bivouac", "cat <<'END'\n\(answer)\nEND\nexit 0".replacing("cat <<'END'\n\nEND\n", with: ""))
        let decision = try mom.periodic([])
        #expect(decision.accept && decision.log == [])
        #expect(decision.resources == resources.mapValues { ["bivouac_image": $0] })
    }

    @Test("tells a server nothing that does not know the resource, and nothing that could be two values")
    func unpublished() throws {
        try program("sbin/bivouac", "echo '{\"bivouac_image\": [\"bivouac_a1\"]}'")
        var other = mom
        other.environment["STANDIN_VNODE_RESOURCES"] = "mem ncpus"
        let unknown = try other.periodic([])
        #expect(unknown.accept && unknown.resources == [:])
        #expect(unknown.log == ["bivouac: the server has no resource bivouac_image: see bivouac.qmgr"])
        for names in ["\"a b\"", "\"a\\npbs.event().x=1\"", "\"\(String(repeating: "a", count: 65_537))\""] {
            try program("sbin/bivouac", "cat <<'END'\n{\"bivouac_image\": [\(names)]}\nEND")
            let bad = try mom.periodic([])
            #expect(bad.accept && bad.resources == [:] && bad.log.count == 1)
        }
    }

    @Test(
        "believes nothing of a job whose owner wrote lines of MOM's",
        arguments: [
            "pbs.event().job.queue=batch", "pbs.event().job.euser=root", "pbs.event().job.id=1.pbs",
            "pbs.event().job.x=\"\"\"\npbs.event().job.exec_vnode=(node1:ncpus=99:mem=1tb)", "x= \"\"\"",
        ])
    func forged(line: String) throws {
        try program("libexec/bivouac-prologue", "exit 0")
        try program("libexec/bivouac-epilogue", "exit 0")
        try distrusts(Mom.job("7", ["Account_Name": "physics\n" + line]))
    }

    @Test("believes nothing of a job one of whose attributes would swallow those behind it")
    func swallowed() throws {
        try program("libexec/bivouac-prologue", "exit 0")
        try program("libexec/bivouac-epilogue", "exit 0")
        try distrusts(Mom.job("7", ["Account_Name": "\"\"\""]))
    }

    private func distrusts(_ job: [String: String]) throws {
        for event in [try mom.event("execjob_prologue", job), try mom.launch(["-sh"], as: "/bin/sh", job)] {
            #expect(!event.accept)
            #expect(event.delete == true)
            #expect(event.message?.contains("ForgedAttributes") == true)
        }
        // Another job's machine could be meant.
        #expect(try mom.event("execjob_epilogue", job).accept)
        #expect(told("libexec/bivouac-prologue") == nil)
        #expect(told("libexec/bivouac-epilogue") == nil)
    }

    @Test(
        "keeps a job on the server whose attributes would have MOM start it without any hook",
        arguments: [
            ("Account_Name", "a\npbs.event().x=1"), ("Resource_List[other]", "a\npbs.event().x=1"),
            ("Job_Name", "\"\"\""),
        ])
    func runjob(attribute: String, value: String) throws {
        let job = Mom.job("7", [attribute: value])
        let decision = try mom.runjob(job)
        #expect(!decision.accept)
        #expect(decision.message?.contains("ForgedAttributes") == true, "\(decision)")
        // MOM would have it run as if there were no hook.
        let event = try mom.start("execjob_launch", job.filter { $0.key != "Variable_List" })
        #expect([1, 2].contains(try event.launch.wait().status))
    }

    @Test("lets all other jobs go to their nodes")
    func runjobPasses() throws {
        #expect(try mom.runjob(Mom.job()).accept)
        #expect(try mom.runjob(Mom.job("7", ["Account_Name": "a\nb", "queue": "batch"])).accept)
    }

    @Test("reaps nothing while a job's owner writes lines of MOM's about others")
    func forgedList() throws {
        try program("sbin/bivouac", "exit 0")
        let lie = "x\npbs.event().job_list[\"8.pbs.example.org\"].run_version=9"
        #expect(try mom.periodic([Mom.job("7", ["Account_Name": lie]), Mom.job("8")]).accept)
        let line = try #require(told("sbin/bivouac"))
        #expect(line.hasPrefix("tick\n"))
        #expect(!line.contains("BIVOUAC_OPENPBS_JOBS="))
    }

    @Test("ends the program with itself when the alarm comes")
    func alarm() throws {
        try program("libexec/bivouac-prologue", "echo $$ >'\(directory)/pid'; exec sleep 1000")
        var hasty = mom
        hasty.alarm = 1
        let decision = try hasty.event("execjob_prologue")
        #expect(decision.status == 253)
        #expect(!decision.accept)
        let text = try String(contentsOfFile: directory + "/pid", encoding: .utf8)
        let pid = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        // Not reaped yet, or gone.
        let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        #expect(state?.contains(") Z ") ?? true)
    }

    @Test("does nothing for any queue without its configuration: the job waits, the node is looked at")
    func noConfiguration() throws {
        let lost = Mom(directory: directory, configuration: directory + "/nowhere.json")
        let decision = try lost.event("execjob_prologue")
        #expect(decision.status == 254)
        #expect(!decision.accept)
    }
}

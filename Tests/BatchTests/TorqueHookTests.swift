import Job
import Site
import TestSupport
import Testing
import Unix

@testable import Batch

@Suite("pbs_mom's arguments become a job's facts")
struct TorqueHookTests {
    /// What Torque 2.5 gives a prologue.
    static let prologue = [
        "123.pbs.example.org", "root", "root", "night shift; $(reboot)",
        "mem=2gb,neednodes=1:ppn=2,nodes=1:ppn=2,other=image=demo/minimal,walltime=01:00:00", "vm", "physics",
    ]

    private func hook(
        _ moment: HookCall.Moment = .prologue, _ arguments: [String] = Self.prologue,
        _ environment: [String: String] = [:]
    ) throws -> TorqueHook {
        try TorqueHook(HookCall(moment, arguments: arguments, environment: { environment[$0] }))
    }

    @Test("a prologue of 2.5 has seven, and one of 6.1 the script behind them")
    func prologues() throws {
        let old = try hook()
        #expect(old.job.description == "123" && old.fullID == "123.pbs.example.org" && old.user == "root")
        #expect(old.queue == "vm" && old.project == "physics" && old.script == nil && old.attempt == nil)
        let script = "/var/spool/torque/mom_priv/jobs/123.pbs.example.org.SC"
        #expect(try hook(.prologue, Self.prologue + [script]).script == script)
        #expect(try hook(.prologue, Self.prologue + ["relative.SC"]).script == nil)
    }

    @Test("an epilogue has the session in front of the resources and the exit status behind the account")
    func epilogue() throws {
        let words = Array(Self.prologue.prefix(4)) + ["4711", "mem=2gb", "cput=00:00:01", "vm", "physics"]
        let hook = try hook(.epilogue, words + ["271", "/jobs/123.SC"])
        #expect(hook.queue == "vm" && hook.project == "physics" && hook.list == "mem=2gb")
        #expect(hook.exit == JobExit(code: 0, signal: 15) && hook.script == nil)
        #expect(try self.hook(.epilogue, words).exit == nil)
    }

    @Test(
        "256 and more is a signal, and less than nothing a failure",
        arguments: [
            ("0", JobExit(code: 0, signal: 0)), ("7", JobExit(code: 7, signal: 0)),
            ("255", JobExit(code: 255, signal: 0)), ("265", JobExit(code: 0, signal: 9)),
            ("-11", JobExit(code: -11, signal: 0)),
        ] as [(String, JobExit)])
    func exit(text: String, exit: JobExit) throws {
        let words = Array(repeating: "", count: 8)
        #expect(try hook(.epilogue, ["1.s"] + words + [text]).exit == exit)
    }

    @Test(
        "an array's job and one without a server's name have ids too",
        arguments: [("7[4].pbs", "7[4]", "pbs"), ("7[].pbs.x", "7[]", "pbs.x"), ("7", "7", nil)]
            as [(String, String, String?)])
    func ids(text: String, job: String, server: String?) throws {
        #expect(try hook(.prologue, [text]).job.description == job)
        #expect(JobID.server(ofPBS: text) == server)
    }

    @Test(
        "what is no job id is the site's fault",
        arguments: [
            [], [""], ["x.pbs"], ["../1"], ["1 2"], ["-f"], ["1/2.s"], ["1.s;id"], ["1.\n"], ["1.\u{FFFD}"],
            ["1."],
            [String(repeating: "1", count: 65)],
        ])
    func badIDs(arguments: [String]) {
        let error = #expect(throws: BatchError.self) { try hook(.prologue, arguments) }
        #expect(error?.blame == .site)
    }

    @Test("missing arguments are empty and not somebody else's")
    func missing() throws {
        let hook = try hook(.prologue, ["1.s", "root"])
        #expect(hook.queue == "" && hook.list == "" && hook.user == "root" && hook.group == "")
    }

    private func made(
        _ changes: [Int: String] = [:], _ environment: [String: String] = [:],
        memory: ByteCount? = nil,
        // No qstat anywhere: what the hook was told counts.
        answer: Result<PBSDocument.Element, BatchError> = .failure(BatchError(.node, "no qstat"))
    ) throws -> Job {
        var arguments = Self.prologue
        for (number, text) in changes { arguments[number - 1] = text }
        var site = Site(cluster: "t")
        var queue = Queue(name: "vm", allow: ["demo/*"])
        queue.memory = memory
        site.queues["vm"] = queue
        let hook = try hook(.prologue, arguments, environment)
        return try TorqueQuestion(hook: hook, status: .failure(BatchError(.node, "not asked")))
            .job(answer, site: site, now: Timestamp(seconds: 1000))
    }

    @Test("the job has what it asked for, and ends no later than its walltime from now")
    func facts() throws {
        let job = try made()
        #expect(job.key.description == "t-123" && job.attempt == nil && job.account.uid == 0)
        #expect(job.queue == "vm" && job.project == "physics" && job.nodes == 1 && job.objection == nil)
        #expect(job.resources.cpus == 2 && job.resources.memory == .mebibytes(2048))
        #expect(job.resources.end == Timestamp(seconds: 4600) && job.words == ["image=demo/minimal"])
        #expect(job.origin == JobOrigin(scheduler: "torque", server: "pbs.example.org"))
    }

    @Test("the server says what it asked for, where it starts and when it was submitted")
    func answer() throws {
        let text = """
            <Data><Job><Job_Id>123.pbs</Job_Id><ctime>1795252000</ctime><Resource_List><mem>3gb</mem>\
            <walltime>00:10:00</walltime></Resource_List><init_work_dir>/w</init_work_dir></Job></Data>
            """
        let told = try made(answer: .success(try #require(try PBSDocument(text).jobs.first)))
        #expect(told.submitted == Timestamp(seconds: 1_795_252_000) && told.directory == "/w")
        #expect(told.resources.memory == .mebibytes(3072))
        #expect(told.resources.end == Timestamp(seconds: 1600))
        let job = try made()
        #expect(job.submitted == nil)
    }

    @Test("MOM's file of nodes counts for more than what the job asked for")
    func nodeFile() throws {
        try withScratch { root in
            try Files.write("n1\nn1\nn2\n", to: root + "/nodes")
            let job = try made([:], ["PBS_NODEFILE": root + "/nodes", "PBS_NP": "9", "PBS_NUM_NODES": "9"])
            #expect(job.nodes == 2 && job.resources.cpus == 3)
        }
        let job = try made([:], ["PBS_NODEFILE": "/nonexistent", "PBS_NP": "4", "PBS_NUM_NODES": "2"])
        #expect(job.nodes == 2 && job.resources.cpus == 4)
    }

    @Test(
        "what would run outside the machine, or is said twice, is refused by name",
        arguments: [
            ("mem=1gb,prologue=/home/u/p", "-l prologue="), ("epilogue=/home/u/e,mem=1gb", "-l epilogue="),
            ("mem=1gb,mem=2gb", "-l mem="), ("mem=1gb,procs=4", "-l procs="),
        ])
    func objections(list: String, words: String) throws {
        let job = try made([5: list], memory: .mebibytes(512))
        #expect(job.objection?.message.contains(words) == true)
        #expect(job.objection?.name == (list.contains("procs") ? .MultiNode : .UnsupportedSetting))
    }

    @Test("a text of the user's gives the job nothing of the node")
    func textBehindText() throws {
        let list = "nodes=1:ppn=1,other=image=demo/x,mem=900gb,procs=64,walltime=60"
        let job = try made([5: list], memory: .mebibytes(512))
        #expect(job.resources.memory == .mebibytes(512) && job.resources.cpus == 1)
        #expect(job.resources.end == Timestamp(seconds: 1060) && job.words == ["image=demo/x"])
        let error = #expect(throws: BatchError.self) { try made([5: list]) }
        #expect(error?.blame == .node)
        #expect(error?.description.contains("no qstat") == true)
    }

    @Test("a job that asked for no memory is at fault itself, unless the list may lack something")
    func noMemory() {
        let error = #expect(throws: BatchError.self) { try made([5: "nodes=1:ppn=1,walltime=60"]) }
        #expect(error?.blame == .job && error?.description.contains("qsub -l mem=2gb") == true)
        let long = "nodes=1,other=" + String(repeating: "x", count: 2000)
        let cut = #expect(throws: BatchError.self) { try made([5: long]) }
        #expect(cut?.blame == .node)
    }

    @Test("an unknown user is the node's fault, a queue without a section the site's, each by name")
    func faults() {
        let user = #expect(throws: BatchError.self) { try made([2: "nobody;id"]) }
        #expect(user?.blame == .node && user?.description == "user 'nobody;id' has no account on this node")
        let queue = #expect(throws: BatchError.self) { try made([6: "batch"]) }
        #expect(queue?.blame == .site && queue?.description.contains("[queue.batch]") == true)
    }
}

@Suite("What a job of Torque asked for")
struct PBSResourcesTests {
    @Test(
        "amounts of memory have Torque's units",
        arguments: [
            ("1", 1), ("1b", 1), ("2kb", 2048), ("3MB", 3 << 20), ("1gb", 1 << 30), ("1tb", 1 << 40),
            ("1w", 8),
            ("2kw", 16384), ("1mw", 8 << 20),
        ] as [(String, Int64)])
    func sizes(text: String, bytes: Int64) {
        #expect(PBSResources.size(text) == ByteCount(bytes))
    }

    @Test(
        "what is no amount is none",
        arguments: ["", "0", "0gb", "-1gb", "1.5gb", "gb", "1xb", "1gbb", "99999999999tb", "1 gb"])
    func badSizes(text: String) { #expect(PBSResources.size(text) == nil) }

    @Test(
        "a length of time is in seconds or parted by colons",
        arguments: [
            ("90", 90), ("1:30", 90), ("01:00:00", 3600), ("1:00:00:00", 86_400), ("00:00:10.5", 10),
            ("0", 0),
        ] as [(String, Int64)])
    func times(text: String, seconds: Int64) { #expect(PBSResources.seconds(text) == seconds) }

    @Test(
        "what is no length of time is none",
        arguments: ["", ":", "1:", "-1", "1:2:3:4:5", "x", "1:-2", "99999999999", "1e3"])
    func badTimes(text: String) { #expect(PBSResources.seconds(text) == nil) }

    @Test(
        "nodes and processors are counted",
        arguments: [
            ("nodes=1:ppn=4", 1, 4), ("nodes=2:ppn=2+3", 5, 7), ("nodes=n1:ppn=2+n2", 2, 3),
            ("nodes=1", 1, 1),
            ("nodes=1:gpus=1:ppn=2:fast", 1, 2), ("neednodes=1:ppn=3", 1, 3), ("procs=4", nil, 4),
            ("procs=1", 1, 1),
            ("ncpus=4", 1, 4), ("mem=1gb", 1, 1), ("nodes=99999999999999999999", 1, 1),
            ("nodes=0:ppn=0", 0, 1),
            ("nodes=65536:ppn=99999999", 65536, 1 << 32),
        ] as [(String, Int?, Int)])
    func nodes(list: String, nodes: Int?, cpus: Int) {
        let asked = PBSResources(list: list)
        #expect(asked.nodes == nodes && asked.cpus == cpus)
    }

    @Test(
        "memory is the job's, or each process's, or virtual",
        arguments: [
            ("mem=1gb,pmem=1mb", 1024), ("pmem=256mb", 1024), ("vmem=3gb,pvmem=1mb", 3072),
            ("pvmem=1gb", 4096),
            ("mem=x,pmem=1mb", 4),
        ] as [(String, Int64)])
    func memory(list: String, mebibytes: Int64) {
        #expect(PBSResources(list: list).memory(cpus: 4) == .mebibytes(mebibytes))
    }

    @Test("words of `other` are parted by colons and white space, and hostile ones are only words")
    func words() {
        let asked = PBSResources(list: "other=image=demo/x:notice_signal=USR1 $(reboot)\n../..")
        #expect(asked.words == ["image=demo/x", "notice_signal=USR1", "$(reboot)", "../.."])
    }

    @Test("nonsense is no resource", arguments: ["", ",", "=", ",,=,", "mem", "\u{0}", "=mem=1gb"])
    func nonsense(list: String) {
        let asked = PBSResources(list: list)
        #expect(
            asked.memory(cpus: 1) == nil && asked.walltime == nil && asked.doubled == nil && asked.words == []
        )
    }
}

@Suite("qstat's XML becomes the states of jobs")
struct PBSDocumentTests {
    static let text = """
        <?xml version="1.0"?>
        <Data><Job><Job_Id>12.pbs</Job_Id><Job_Name>x\u{0E}/Job></Job_Name><job_state>R</job_state><Resource_List>\
        <mem>2gb</mem><nodes>1:ppn=2</nodes><other>image=demo/x,mem=900gb</other><walltime>01:00:00</walltime>\
        </Resource_List></Job></Data>
        <?xml version="1.0"?>
        <Data><Job><Job_Id>13[2].pbs</Job_Id><job_state>Q</job_state><Resource_List/></Job></Data>
        """

    @Test("jobs of several documents are read, with what they asked for")
    func jobs() throws {
        let jobs = try PBSDocument(Self.text).jobs
        #expect(jobs.map { $0.value("Job_Id") } == ["12.pbs", "13[2].pbs"])
        let asked = PBSResources(jobs[0])
        #expect(asked.memory(cpus: 2) == .mebibytes(2048) && asked.cpus == 2)
        #expect(asked.words == ["image=demo/x,mem=900gb"])
        #expect(JobState(torque: jobs[0]) == JobState(.running, attempt: nil, limit: .after(3600)))
        #expect(JobState(torque: jobs[1]) == JobState(.away, attempt: nil, limit: .never))
    }

    @Test(
        "states in which hooks may be at work are neither running nor away",
        arguments: [
            ("R", .running), ("E", .busy), ("T", .busy), ("S", .busy), ("Z", .busy), ("C", .away),
            ("H", .away),
        ]
            as [(String, JobState.Stage)])
    func states(letter: String, stage: JobState.Stage) {
        let job = PBSDocument.Element(
            name: "Job", children: [PBSDocument.Element(name: "job_state", text: letter)])
        #expect(JobState(torque: job).stage == stage)
    }

    @Test(
        "an answer that is cut short or no XML is an error",
        arguments: [
            "<Data>", "<Data><Job></Data>", "</Data>", "<Data", "<a><b></a></b>",
            String(repeating: "<a>", count: 100),
        ])
    func broken(text: String) {
        #expect(throws: BatchError.self) { try PBSDocument(text) }
    }

    @Test("jobs that wait are read with what they ask for; those of strangers are not")
    func waiting() throws {
        func job(_ state: String, _ owner: String, _ more: String = "") -> String {
            "<Job><Job_Id>1.pbs</Job_Id><Job_Owner>\(owner)@login</Job_Owner><job_state>\(state)</job_state>"
                + "<queue>vm</queue>\(more)</Job>"
        }
        let asked =
            "<Account_Name>physics</Account_Name><Resource_List><nodes>2:ppn=4</nodes>"
            + "<other>image=demo/x</other></Resource_List>"
        let answer =
            "<Data>" + job("Q", "eve", asked) + job("H", "eve") + job("R", "eve") + job("Q", "stranger")
            + "</Data>"
        var lookups = 0
        let jobs = try WaitingJob.list(torque: answer) { user in
            lookups += 1
            return user == "eve" ? 1001 : nil
        }
        #expect(
            jobs == [
                WaitingJob(
                    uid: 1001, queues: ["vm"], nodes: 2, project: "physics", words: ["image=demo/x"]),
                WaitingJob(uid: 1001, queues: ["vm"], nodes: 1, project: "", words: []),
            ])
        #expect(lookups == 2)
    }

    @Test("text outside of elements is no job", arguments: ["", "qstat: cannot connect", "12.pbs R"])
    func noXML(text: String) throws { #expect(try PBSDocument(text).jobs.isEmpty) }
}

@Suite("Torque's hooks follow from site.toml and MOM's configuration")
struct TorqueHookFilesTests {
    @Test("which queues are ours goes from site.toml to the job starter")
    func hookFiles() throws {
        let mark = SlurmHookFiles.marker
        #expect(
            try files("").jobStarterConfiguration
                == "# \(mark)\nroot /srv/b\nlogin yes\ninteractive_login yes\nqueue gpu\nqueue vm\n")
    }

    private func files(_ configuration: String) throws -> TorqueHookFiles {
        try TorqueHookFiles(
            directory: "/opt/x/libexec/bivouac/torque", root: "/srv/b", cluster: "demo",
            queues: ["vm", "gpu"], configuration: configuration)
    }

    @Test(
        "MOM starts login shells unless it is told otherwise",
        arguments: [
            ("", "yes", "yes"), ("$source_login_batch true\n", "yes", "yes"),
            ("$source_login_batch False\n", "no", "yes"), ("#$source_login_batch false\n", "yes", "yes"),
            ("$source_login_batch\n", "yes", "yes"), ("$source_login_interactive 0\n", "yes", "no"),
        ])
    func login(text: String, batch: String, interactive: String) throws {
        let lines = try files(text).jobStarterConfiguration.split(separator: "\n")
        #expect(lines.contains("login \(batch)") && lines.contains("interactive_login \(interactive)"))
    }
}

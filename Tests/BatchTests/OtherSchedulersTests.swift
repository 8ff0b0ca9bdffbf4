import Foundation
import Job
import Site
import Testing

@testable import Batch

@Suite("Adding a batch system is a file, a row and a folder of hooks")
struct OtherSchedulersTests {
    /// A call of Grid Engine's prolog.
    private func gridEngine(_ words: [String], _ environment: [String: String] = [:]) throws -> GridEngineHook
    {
        try GridEngineHook(HookCall(.prologue, arguments: words, environment: { environment[$0] }))
    }

    @Test("Grid Engine's words become a job with the queue's memory and no end")
    func gridEngine() throws {
        var site = Site(cluster: "t")
        let queue = Queue(name: "vm.q", allow: ["demo/*"])
        site.queues["vm.q"] = queue
        let hook = try gridEngine(
            ["77", "nobody", "vm.q", "4"], ["NHOSTS": "1", "SGE_TASK_ID": "undefined"])
        let error = #expect(throws: BatchError.self) { try hook.job(site: site, now: Timestamp(seconds: 0)) }
        #expect(error?.description.contains("[queue.vm.q] in site.toml has no memory") == true)
        site.queues["vm.q"]?.memory = .mebibytes(512)
        let job = try hook.job(site: site, now: Timestamp(seconds: 0))
        #expect(job.key.description == "t-77")
        #expect(job.account.name == "nobody")
        #expect(job.resources == Resources(cpus: 4, memory: .mebibytes(512), end: nil))
        #expect(job.nodes == 1)
        #expect(job.origin == JobOrigin(scheduler: "gridengine"))
    }

    @Test("a task of an array and a job of several hosts of Grid Engine are told as such")
    func gridEngineShapes() throws {
        var site = Site(cluster: "t")
        site.queues["vm.q"] = Queue(name: "vm.q", allow: ["demo/*"], memory: .mebibytes(512))
        let hook = try gridEngine(["77", "nobody", "vm.q", "4"], ["SGE_TASK_ID": "3", "NHOSTS": "2"])
        #expect(hook.job.description == "77.3")
        #expect(try hook.job(site: site, now: Timestamp(seconds: 0)).nodes == 2)
    }

    @Test(
        "what is none of Grid Engine's words is refused",
        arguments: [
            [], ["77"], ["77", "nobody", "vm.q"], ["../7", "nobody", "vm.q", "1"],
            ["77", "nobody", "vm.q", "0"],
            ["77", "nobody", "vm.q", "1", "x"], ["-7", "nobody", "vm.q", "1"],
            ["77", "nobody", "vm.q", "$(id)"],
        ])
    func gridEngineErrors(words: [String]) {
        #expect(throws: BatchError.self) { try gridEngine(words) }
    }

    @Test("the startd's slots are read by their jobs; what does not fit a slot's line is no slot")
    func slots() throws {
        let slots = HTCondorStartd.read(
            """
            "12.0" "alice@example.org" 2 2048 "demo/minimal"
            "12.1" "bob" 1 512 undefined
            undefined undefined 8 16384 undefined
            "13.0" "carol@x" 0 512 undefined
            "14.0" "dave@x" 1 -5 undefined
            "../1" "eve@x" 1 512 undefined
            "15.0" "eve\\"" 1 512 undefined
            "16.0" "frank@x" 1 512 "a b" extra
            "17.0" "grace@x"
            """)
        #expect(slots.keys.map(\.description).sorted() == ["12.0", "12.1", "16.0"])
        let alice = try #require(JobID("12.0").flatMap { slots[$0] })
        #expect(
            alice
                == HTCondorStartd.Slot(
                    owner: "alice", cpus: 2, memory: .mebibytes(2048), words: ["image=demo/minimal"]))
        // What a user wrote is never a slot of its own, and no image that would be looked for.
        #expect(JobID("16.0").flatMap { slots[$0] }?.words == [])
    }

    @Test("root is asked for nothing in HTCondor's name without a caller and a number")
    func htCondor() {
        for (words, caller) in [(["12.0"], nil), ([], "65534"), (["12.0", "x"], "65534"), (["/"], "65534")] {
            let call = HookCall(.prologue, arguments: words, environment: { $0 == "SUDO_UID" ? caller : nil })
            #expect(throws: BatchError.self) { try HTCondorHook(call) }
        }
    }

    @Test(
        "each batch system's statuses mean what it says",
        arguments: [
            ("slurm", [0, 0, 69, 78], [0, 0, 69, 78]), ("torque", [0, 1, 2, 2], [0, 0, 0, 0]),
            ("openpbs", [0, 78, 69, 75], [0, 0, 69, 69]), ("gridengine", [0, 100, 69, 69], [0, 0, 69, 69]),
            ("htcondor", [0, 78, 69, 69], [0, 78, 69, 69]),
        ] as [(String, [Int32], [Int32])])
    func statuses(name: String, prologue: [Int32], epilogue: [Int32]) throws {
        let scheduler = try Scheduler.named(name)
        let faults: [Blame?] = [nil, .job, .node, .site]
        #expect(faults.map(scheduler.prologue.status) == prologue)
        #expect(faults.map(scheduler.epilogue.status) == epilogue)
    }

    @Test("site.toml may name what there are hooks for")
    func names() { #expect(Set(Scheduler.all.map(\.name)) == Set(BatchSystem.allCases.map(\.rawValue))) }

    @Test("a batch system that is not asked says so: nothing is touched")
    func silence() {
        #expect(throws: BatchError.self) {
            try Scheduler.commands(of: JobOrigin(scheduler: "gridengine")).states(
                of: [], at: Timestamp(seconds: 0))
        }
        #expect(throws: BatchError.self) {
            try Scheduler.commands(of: JobOrigin(scheduler: "openpbs")).waiting(in: ["vm"])
        }
        #expect(throws: BatchError.self) { try Scheduler.commands(of: JobOrigin(scheduler: "lsf")) }
    }
}

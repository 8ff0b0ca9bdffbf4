import GuestProtocol
import Job
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

@Suite("What is told of a machine that is not made")
struct FaultTests {
    private func prologue(_ change: (inout Site) -> Void = { _ in }) -> Prologue {
        var site = Site(cluster: "t", bootTimeout: 7, prologueTimeout: 9)
        change(&site)
        return Prologue(
            site: site, places: Places(root: "/nonexistent"), programs: Programs(directory: "/nonexistent"),
            clock: { Timestamp(seconds: 0) }, annotate: { _ in })
    }

    private func fault(_ body: () throws -> Void) -> MachineFault? {
        #expect(throws: MachineFault.self) { try body() }
    }

    @Test("a guest that does not come up is its image's fault, and the prologue's time is told apart")
    func greetings() {
        let prologue = prologue()
        func line(_ greeting: ControlPort.Answer<Ready>, timeIsOver: Bool = false) -> String {
            prologue.refusal(for: greeting, image: "demo/x", timeIsOver: timeIsOver).description
        }
        #expect(line(.closed) == "GuestNotReady: the machine ended before its agent was ready")
        #expect(
            line(.malformed("frame"))
                == "GuestNotReady: the machine's agent does not speak our protocol: frame")
        #expect(
            line(.silent)
                == "GuestNotReady: the agent of image 'demo/x' did not answer within 7 s (boot_timeout): does the "
                + "image run its HEPiX context hook?")
        #expect(
            line(.silent, timeIsOver: true)
                == "PrologueTimeout: the job's machine was not ready when the prologue's time was over "
                + "(prologue_timeout = 9 s)")
    }

    @Test("a grant too small for a machine says how much is wanted, and of what")
    func memory() throws {
        let account = Account(name: "a", uid: 1, gid: 1, groups: [], home: "/", shell: "/bin/sh")
        let job = Job(
            key: try #require(JobKey("t-1")), attempt: 0, account: account, queue: "vm", project: "",
            nodes: 1,
            resources: Resources(cpus: 1, memory: .mebibytes(100), end: nil), words: [])
        let fault = fault {
            _ = try prologue().machine(job, NodeShare(account: account, cpus: [0]))
        }
        #expect(fault?.blame == .job)
        #expect(
            fault?.description
                == "NotEnoughMemory: the job was granted 100 MiB; its machine needs at least 96 MiB and QEMU "
                + "96 MiB of it: ask for more (--mem)")
    }

    @Test("a hypervisor that is not there is the node's fault, one that is not supported the site's")
    func hypervisor() throws {
        let xen = fault {
            _ = try Hypervisor(
                site: Site(cluster: "t", virtualization: .xen), places: Places(root: "/nonexistent")
            ).choose()
        }
        #expect(xen?.blame == .site)
        #expect(xen?.description == "site.toml: virtualization = \"xen\" is not supported yet")
        try withScratch { root in
            let places = Places(root: root)
            try Files.makeDirectories(Files.parent(places.virtualization), mode: 0o755)
            // What was found out before.
            try Files.write("{\"kind\":\"qemu\",\"reason\":\"no /dev/kvm\"}", to: places.virtualization)
            let kvm = fault {
                _ = try Hypervisor(site: Site(cluster: "t", virtualization: .kvm), places: places).choose()
            }
            #expect(kvm?.blame == .node)
            #expect(kvm?.description == "site.toml wants virtualization = \"kvm\": no /dev/kvm")
        }
    }

    @Test("a job that somebody else is at work on, or whose directory is none, is told by its key")
    func liveJobs() throws {
        try withScratch { root in
            let places = Places(root: root)
            let key = try #require(JobKey("t-1"))
            try Files.makeDirectories(places.job(key).path, mode: 0o700)
            do {
                let lock = try FileLock.acquire(places.job(key).lock, before: Deadline(seconds: 1))
                let held = fault { _ = try LiveJob.open(key, places: places, before: Deadline(seconds: 0)) }
                #expect(held?.blame == .node)
                #expect(
                    held?.description.hasPrefix(
                        "could not lock job t-1, which another process of ours holds: ") == true)
                withExtendedLifetime(lock) {}
            }
            try Files.removeTree(places.jobs)
            try Files.write("", to: places.jobs)
            let listed = fault { _ = try LiveJob.keys(places) }
            #expect(listed?.description.hasPrefix("could not list jobs: \(places.jobs): ") == true)
            let account = Account(name: "a", uid: 1, gid: 1, groups: [], home: "/", shell: "/bin/sh")
            let job = Job(
                key: key, attempt: 0, account: account, queue: "vm", project: "", nodes: 1,
                resources: Resources(cpus: 1, memory: .mebibytes(1), end: nil), words: [])
            let record = Record(job: job, attempt: 0, now: Timestamp(seconds: 0))
            let made = fault {
                _ = try LiveJob.create(record, key: key, places: places, before: Deadline(seconds: 1))
            }
            #expect(made?.description.hasPrefix("could not make the job's directory: ") == true)
        }
    }

    @Test("a step that is no step of the table, and a fault, are told in one line")
    func values() {
        let forbidden = #expect(throws: ForbiddenTransition.self) { try Phase.gone.after(.boot) }
        #expect(forbidden?.description == "a machine that is gone cannot boot")
        #expect(MachineFault.fault(.site, "x: y").description == "x: y")
        #expect(MachineFault.refused(Refusal(.RootJob, "no")).description == "RootJob: no")
        let named = fault {
            try atNode("no start state, no start") { () throws(UnixError) in
                throw UnixError("open", UnixError.noEntry, "/x")
            }
        }
        #expect(named?.blame == .node)
        #expect(named?.description.hasPrefix("no start state, no start: ") == true)
    }
}

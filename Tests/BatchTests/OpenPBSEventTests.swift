import Foundation
import Job
import Site
import Testing

@testable import Batch

@Suite("What OpenPBS tells of a job")
struct OpenPBSEventTests {
    /// As MOM of 23.06 tells of a job in its prologue.
    static let usual = [
        "id": "123.pbs.example.org", "euser": "nobody", "egroup": "nogroup", "queue": "vm",
        "project": "_pbs_project_default", "Account_Name": "physics",
        "exec_host2": "node1.example.org:15002/0*2", "exec_vnode": "(node1:ncpus=2:mem=1048576kb)",
        "run_version": "1", "walltime": "01:00:00", "other": "image=demo/minimal",
    ]

    static func event(_ changes: [String: String?] = [:]) throws -> OpenPBSEvent {
        var values = usual
        for (name, value) in changes { values[name] = value }
        return try OpenPBSEvent(parsing: Array(try JSONSerialization.data(withJSONObject: values)))
    }

    @Test("becomes a job: id without the server, attempt, account, grant, end and image")
    func usual() throws {
        let event = try Self.event(["walltime": "00:10:30"])
        var site = Site(cluster: "t")
        site.queues["vm"] = Queue(name: "vm", allow: ["demo/*"])
        let job = try event.job(site: site, now: Timestamp(seconds: 1000))
        #expect(job.key.description == "t-123")
        #expect(job.attempt == 1)
        #expect(job.account.name == "nobody")
        #expect(job.queue == "vm")
        #expect(job.project == "physics")
        #expect(job.nodes == 1)
        #expect(job.resources.cpus == 2)
        #expect(job.resources.memory == .mebibytes(1024))
        #expect(job.resources.end == Timestamp(seconds: 1630))
        #expect(job.words == ["image=demo/minimal"])
        #expect(job.origin == JobOrigin(scheduler: "openpbs"))
    }

    @Test(
        "has an id of its own for each subjob",
        arguments: [
            ("123[4].pbs.example.org", "123[4]"), ("123", "123"), ("7.a-b.c", "7"), ("123[].x", "123[]"),
        ])
    func ids(told: String, id: String) throws {
        #expect(try Self.event(["id": told]).job.description == id)
    }

    @Test(
        "without a usable id is no event",
        arguments: [
            "", ".pbs", "../../etc", "1/2.pbs", "1\n2", "1 2", "-1", String(repeating: "1", count: 65),
        ])
    func noID(told: String) {
        #expect(throws: BatchError.self) { try Self.event(["id": told]) }
    }

    @Test(
        "is refused when it is no object of texts",
        arguments: [
            "", "[]", "{}", "7", "{\"id\":7}", "{\"id\":\"1\"", "{\"id\":\"1\",\"id\":\"2\"}", "\u{FF}",
        ])
    func malformed(text: String) {
        let error = #expect(throws: BatchError.self) { try OpenPBSEvent(parsing: Array(text.utf8)) }
        #expect(error?.blame == .site)
    }

    @Test(
        "counts different hosts, not vnodes or CPUs",
        arguments: [
            ("a:15002/0", 1), ("a:15002/0*4+a:15002/1", 1), ("a:15002/0+b:15002/0*2", 2),
            ("a.x:1/0+a.y:1/0+a.x:1/2", 2), ("a/0+b/0", 2),
        ])
    func hosts(list: String, count: Int) throws {
        #expect(try Self.event(["exec_host2": list]).hosts == count)
    }

    @Test(
        "adds up what was granted on the host's vnodes",
        arguments: [
            ("(n:ncpus=1)", 1, nil), ("(n:ncpus=4:mem=2gb)", 4, 2 << 30),
            ("(n[0]:ncpus=2:mem=512mb+n[1]:mem=512mb)+(n[0]:ncpus=1)", 3, 1 << 30),
            ("(n:ngpus=1:ncpus=8:mem=16777216kb:x=y)", 8, 16 << 30),
            ("(n:mem=1024w)", 0, 8192), ("(n:ncpus=1:mem=3)", 1, 3), ("", 0, nil), ("(n)", 0, nil),
        ] as [(String, Int, Int64?)])
    func grant(vnodes: String, cpus: Int, memory: Int64?) throws {
        let grant = try OpenPBSGrant(vnodes)
        #expect(grant.cpus == cpus)
        #expect(grant.memory?.bytes == memory)
    }

    @Test(
        "takes no grant that says a thing twice, or not in numbers",
        arguments: [
            "(n:ncpus=1:ncpus=9)", "(n:mem=1gb:mem=9tb)", "(n:ncpus)", "(n:ncpus=)", "(n:ncpus=-1)",
            "(n:ncpus=99999999999)", "(n:ncpus=1:mem=0b)", "(n:mem=1xb)", "(n:mem=99999999pb)",
            "(n:mem=-1kb)", "(n:mem=1 gb)",
            "(n:mem=4000pb+n:mem=4000pb+n:mem=4000pb)",
        ])
    func badGrants(vnodes: String) {
        #expect(throws: BatchError.self) { try OpenPBSGrant(vnodes) }
    }

    @Test(
        "has a walltime in seconds or hours, minutes and seconds",
        arguments: [
            ("3600", 3600), ("01:00:00", 3600), ("10:00", 600), ("100:00:01", 360_001), ("30.5", 30),
            ("", nil), ("1:2:3:4", 93_784), ("1:2:3:4:5", nil), ("-5", nil), (":30", nil), ("1h", nil),
            ("99999999999:00:00", nil),
        ] as [(String, Int64?)])
    func walltime(text: String, seconds: Int64?) throws {
        #expect(try Self.event(["walltime": text]).walltime == seconds)
    }

    @Test(
        "tells how the job ended, when it ran",
        arguments: [
            ("0", JobExit(code: 0, signal: 0)), ("3", JobExit(code: 3, signal: 0)),
            ("265", JobExit(code: 0, signal: 9)), ("271", JobExit(code: 0, signal: 15)), ("-17", nil),
            ("-1", nil), ("9999", nil), ("x", nil),
        ] as [(String, JobExit?)])
    func exit(status: String, exit: JobExit?) throws {
        #expect(try Self.event(["Exit_status": status]).exit == exit)
    }

    @Test("names its project, or its account when OpenPBS's own default stands there")
    func projects() throws {
        #expect(try Self.event(["project": "p1"]).project == "p1")
        #expect(try Self.event().project == "physics")
        #expect(try Self.event(["project": nil, "Account_Name": nil]).project == "")
    }

    @Test("gives words as they stand, cut at 4096 bytes, and never a command")
    func words() throws {
        #expect(try Self.event(["other": nil]).words == [])
        #expect(try Self.event(["other": "a;b $(c)\n`d`:e=f"]).words == ["a;b", "$(c)", "`d`", "e=f"])
        let long = try Self.event(["other": String(repeating: "x", count: 10_000)]).words
        #expect(long.map(\.utf8.count) == [4096])
    }

    @Test("that names no queue of ours, no account, no host or no memory says whose fault that is")
    func faults() throws {
        var site = Site(cluster: "t")
        func error(_ changes: [String: String?]) throws -> BatchError? {
            let event = try Self.event(changes)
            return #expect(throws: BatchError.self) { try event.job(site: site, now: Timestamp(seconds: 0)) }
        }
        #expect(try error([:])?.blame == .site)
        site.queues["vm"] = Queue(name: "vm", allow: ["demo/*"])
        #expect(try error(["queue": nil])?.blame == .site)
        #expect(try error(["euser": "bivouac-test-nobody"])?.blame == .node)
        #expect(try error(["euser": nil])?.blame == .node)
        #expect(try error(["exec_host2": nil])?.blame == .node)
        let memory = try error(["exec_vnode": "(node1:ncpus=2)"])
        #expect(memory?.blame == .job)
        #expect(memory?.description.contains("was granted no memory") == true)
        #expect(try error(["exec_vnode": "(node1:mem=1gb)"])?.blame == .job)
        site.queues["vm"]?.memory = .mebibytes(512)
        let job = try Self.event(["exec_vnode": "(node1:ncpus=2)"]).job(
            site: site, now: Timestamp(seconds: 0))
        #expect(job.resources.memory == .mebibytes(512))
    }
}

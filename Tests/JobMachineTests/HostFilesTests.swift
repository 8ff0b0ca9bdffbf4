import Foundation
import Job
import Libvirt
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

@Suite("What a job's machine has of its host's files")
struct HostFilesTests {
    private static let site = Site(
        cluster: "t",
        queues: [
            "plain": Queue(name: "plain", allow: ["a/*"]),
            "live": Queue(
                name: "live", allow: ["a/*"], workdir: .virtiofs, exports: ["data"], userDisk: .mebibytes(64)),
        ],
        exports: [Export(name: "cvmfs", path: "/cvmfs"), Export(name: "data", path: "/data")])

    private func job(_ queue: String, _ words: [String] = [], directory: String? = "/home/a/run") throws
        -> Job
    {
        Job(
            key: try #require(JobKey("t-1")), attempt: 0,
            account: Account(name: "a", uid: 1000, gid: 100, groups: [], home: "/home/a", shell: "/bin/sh"),
            queue: queue, project: "", nodes: 1,
            resources: Resources(cpus: 1, memory: .mebibytes(256), end: nil), words: words,
            directory: directory)
    }

    @Test("is nothing where its queue says nothing, wherever it was submitted")
    func nothing() throws {
        let files = try HostFiles(job("plain", directory: "/etc"), Self.site)
        #expect(files.directories == [] && files.userDisk == nil)
    }

    @Test("is the working directory last, and before it what its queue exports, read-only")
    func directories() throws {
        let files = try HostFiles(job("live"), Self.site)
        #expect(
            files.directories == [
                .init(path: "/data", readOnly: true), .init(path: "/home/a/run", readOnly: false),
            ])
        #expect(
            files.shares(in: MachineDirectory(path: "/m")) == [
                .init(tag: "share0", socket: "/m/share0"), .init(tag: "share1", socket: "/m/share1"),
            ])
    }

    @Test(
        "a working directory that is a part of the system is refused as DirectoryUnavailable",
        arguments: [nil, "", "/", "/etc", "home", "/home/../etc", "/home/a\nb", "/proc/1/root"] as [String?])
    func badDirectory(directory: String?) throws {
        let error = #expect(throws: Refusal.self) {
            try HostFiles(job("live", directory: directory), Self.site)
        }
        #expect(error?.name == .DirectoryUnavailable)
    }

    @Test("is a disk of its user's when the job asks for it")
    func userDisk() throws {
        #expect(try HostFiles(job("live"), Self.site).userDisk == nil)
        #expect(try HostFiles(job("live", ["x", "user_disk=yes"]), Self.site).userDisk == .mebibytes(64))
    }

    @Test("a disk that the queue does not give, or a wish that is none, is refused as UserDiskNotAllowed")
    func refusedDisk() throws {
        for (queue, word) in [("plain", "user_disk=yes"), ("live", "user_disk=2GiB"), ("live", "user_disk=")]
        {
            let error = #expect(throws: Refusal.self) { try HostFiles(job(queue, [word]), Self.site) }
            #expect(error?.name == .UserDiskNotAllowed, "\(queue) \(word)")
        }
    }

    @Test(
        "a record of a machine that may run keeps the disk from others, one of a job that has none does not")
    func holder() throws {
        try withScratch { root in
            let places = Places(root: root)
            for (number, phase, disk, uid) in [
                (1, Phase.running, nil, 1000), (2, .refused, true, 1000), (3, .running, true, 1001),
                (4, .prepared, true, 1000),
            ] as [(Int, Phase, Bool?, UInt32)] {
                var record = Record(
                    job: try job("live"), attempt: 0, now: .init(seconds: 0))
                record.phase = phase
                record.userDisk = disk
                record.uid = uid
                let key = try #require(JobKey("t-\(number)"))
                _ = try LiveJob.create(record, key: key, places: places, before: Deadline(seconds: 5))
            }
            #expect(try UserDisk(1000, places).holder()?.description == "t-4")
            #expect(try UserDisk(1000, places).holder(except: JobKey("t-4")) == nil)
            #expect(try UserDisk(1001, places).holder()?.description == "t-3")
            #expect(try UserDisk(1002, places).holder() == nil)
        }
    }
}

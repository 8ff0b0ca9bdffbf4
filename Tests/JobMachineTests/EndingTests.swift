import Evidence
import Foundation
import Job
import Site
import TestSupport
import Testing
import Unix

@testable import JobMachine

private let begin = Timestamp(seconds: 1_800_000_000)
/// Where its evidence lies.
private let path = "2027-01-15/t-7.0"

@Suite("How the end of a machine is recorded") struct EndingTests {
    /// A node whose libvirt knows of no machine, and a job whose record says that it has one.
    private struct Room {
        let places: Places
        let key: JobKey

        static func with(_ body: (Room) throws -> Void) throws {
            try withScratch { scratch in
                let room = Room(places: Places(root: scratch), key: try #require(JobKey("t-7")))
                try room.start()
                try body(room)
            }
        }

        private func start() throws {
            let account = Account(name: "a", uid: 1000, gid: 1000, groups: [], home: "/", shell: "/bin/sh")
            let job = Job(
                key: key, attempt: 0, account: account, queue: "vm", project: "", nodes: 1,
                resources: Resources(cpus: 1, memory: .mebibytes(512), end: nil), words: [])
            let record = Record(job: job, attempt: 0, now: begin)
            let deadline = Deadline(seconds: 60)
            guard var live = try LiveJob.create(record, key: key, places: places, before: deadline) else {
                throw CocoaError(.fileWriteFileExists)
            }
            for event in [Event.admit, .prepare, .start, .boot] {
                try live.advance(event, at: begin) { $0.evidence = path }
            }
        }

        /// Ends the job's machine some seconds later.
        func end(_ cause: EndCause, after seconds: Int64) throws {
            let now = begin + seconds
            let ending = Ending(
                site: Site(cluster: "t", libvirt: "test:///default"), places: places, clock: { now })
            guard let live = try LiveJob.open(key, places: places, before: Deadline(seconds: 60)) else {
                throw CocoaError(.fileNoSuchFile)
            }
            try ending.run(live, because: cause)
        }

        /// An end state that somebody wrote who died behind it.
        func keepRefusal() throws {
            let state = EndState(
                ended: begin + 5, cause: "refused", by: "bivouac", exit: nil, refusal: nil, usage: nil)
            try EvidenceStore(directory: places.evidence).recordEnd(
                state, at: path, console: nil, overlay: nil)
        }

        var record: Record? { get throws { try LiveJob.peek(key, places: places) } }

        var endState: EndState? {
            get throws { try EvidenceStore(directory: places.evidence).entry(path).end }
        }

        /// Fields of the audit log's `end` lines.
        var lines: [[String: Any]] {
            get throws {
                let data = FileManager.default.contents(atPath: places.auditLog) ?? Data()
                return try data.split(separator: 0x0A).compactMap { line in
                    let line = try JSONSerialization.jsonObject(with: line) as? [String: Any]
                    return line?["event"] as? String == "end" ? line?["fields"] as? [String: Any] : nil
                }
            }
        }
    }

    @Test("what the first who ended it knew stands, whoever finishes, and in one audit line")
    func firstCause() throws {
        try Room.with { room in
            // Nothing can be kept.
            try Files.makeDirectories(room.places.state, mode: 0o755)
            try Files.write("", to: room.places.evidence)
            #expect(throws: MachineFault.self) {
                try room.end(.epilogue(JobExit(code: 0, signal: 0)), after: 60)
            }
            #expect(try room.record?.phase == .ending)
            #expect(try room.record?.ending?.cause == "epilogue")
            try Files.remove(room.places.evidence)
            try room.end(.reaped, after: 600)
            let end = try #require(try room.endState)
            #expect(end.cause == "epilogue" && end.by == "batch system" && end.exit == "0:0")
            #expect(end.ended == begin + 60)
            let lines = try room.lines
            #expect(lines.map { $0["cause"] as? String } == ["epilogue"])
            #expect(lines.first?["exit"] as? String == "0:0")
            // Nobody counted.
            #expect(end.usage == nil && lines.first?["cpuSeconds"] is NSNull)
        }
    }

    @Test("it stands in the copy of the record too, which speaks after a reboot")
    func reboot() throws {
        try Room.with { room in
            let name = try #require(MachineName("t-7.0"))
            try Files.makeDirectories(room.places.machine(name).path, mode: 0o700)
            try Files.write("", to: room.places.evidence)
            #expect(throws: MachineFault.self) {
                try room.end(.epilogue(JobExit(code: 3, signal: 0)), after: 60)
            }
            try Files.remove(room.places.evidence)
            try Files.removeTree(room.places.run)
            let now = begin + 600
            let ending = Ending(
                site: Site(cluster: "t", libvirt: "test:///default"), places: room.places, clock: { now })
            try ending.runWithoutRecord(name, because: .reaped)
            #expect(try room.endState?.cause == "epilogue" && room.endState?.exit == "3:0")
            #expect(try room.lines.count == 1 && !Files.exists(room.places.machine(name).path))
        }
    }

    @Test("a line that is written again after a death tells the end state that stands")
    func again() throws {
        try Room.with { room in
            try room.keepRefusal()
            try room.end(.epilogue(JobExit(code: 1, signal: 0)), after: 60)
            #expect(try room.endState?.cause == "refused")
            let line = try #require(try room.lines.first)
            #expect(line["cause"] as? String == "refused" && line["exit"] is NSNull)
        }
    }

    @Test("what is kept of it for a log that takes no line is the same")
    func late() throws {
        try Room.with { room in
            try Files.makeDirectories(Files.parent(Files.parent(room.places.auditLog)), mode: 0o755)
            try Files.write("", to: Files.parent(room.places.auditLog))
            try room.keepRefusal()
            try room.end(.reaped, after: 60)
            let file = URL(fileURLWithPath: room.places.unlogged + "/2027-01-15_t-7.0")
            let event = try JSONSerialization.jsonObject(with: try Data(contentsOf: file)) as? [String: Any]
            #expect(event?["happened"] as? String == "\(begin + 5)")
            #expect((event?["fields"] as? [String: Any])?["cause"] as? String == "refused")
        }
    }
}

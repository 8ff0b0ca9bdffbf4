import Foundation
import Job
import JobMachine
import Site
import Unix

/// A process that does to a few jobs what prologues, epilogues, ticks and operators do, in any order, and checks
/// each time that nobody else has done something between its own doings that is not in the record.
///
/// What a machine would be is left out; directories, locks and records are the real ones.
struct RandomLife {
    private let places: Places
    private let notes: String
    private var state: UInt64

    static let keys = (1...3).compactMap { JobKey("t-\($0)") }

    /// What must never be seen.
    struct Violation: Error, CustomStringConvertible { let description: String }

    /// Another sequence for each `seed`, below a directory that all share.
    init(_ directory: String, seed: UInt64) throws {
        places = Places(root: directory)
        notes = directory + "/notes"
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        try Files.makeDirectories(notes, mode: 0o700)
    }

    private mutating func roll(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % count
    }

    mutating func run(_ operations: Int) throws {
        for _ in 0..<operations {
            let key = Self.keys[roll(Self.keys.count)]
            switch roll(12) {
            case 0...2: try prologue(key)
            case 3...6: try step(key)
            case 7: try epilogue(key)
            case 8: try tick(key)
            case 9: _ = try LiveJob.removeUnrecorded(key, places: places)
            case 10: try die(key)
            default: _ = try LiveJob.peek(key, places: places)
            }
        }
    }

    private mutating func prologue(_ key: JobKey) throws {
        if let live = try LiveJob.open(key, places: places, before: Deadline(seconds: 20)) {
            try enter(live)
            if roll(2) == 0 { try finish(live) } else { try leave(live) }
            return
        }
        let account = Account(name: "nobody", uid: 65_534, gid: 65_534, groups: [], home: "/", shell: "/")
        let job = Job(
            key: key, attempt: nil, account: account, queue: "vm", project: "", nodes: 1,
            resources: Resources(cpus: 1, memory: ByteCount(1 << 30), end: nil), words: [])
        let record = Record(job: job, attempt: roll(1000), now: now)
        let deadline = Deadline(seconds: 20)
        guard let live = try LiveJob.create(record, key: key, places: places, before: deadline) else {
            return
        }
        try occupy(key)
        guard try note(of: key) == "" else { throw Violation(description: "\(key): a record was replaced") }
        try leave(live)
    }

    /// Any event at all: the table says whether it happens.
    private mutating func step(_ key: JobKey) throws {
        guard var live = try LiveJob.open(key, places: places, before: Deadline(seconds: 20)) else { return }
        try enter(live)
        let event = Event.allCases[roll(Event.allCases.count)]
        let allowed = try? live.record.phase.after(event)
        do {
            try live.advance(event, at: now)
            guard live.record.phase == allowed else { throw Violation(description: "\(key): \(event)") }
        } catch is MachineFault {
            guard allowed == nil else { throw Violation(description: "\(key): no \(event)") }
        }
        try leave(live)
    }

    private func epilogue(_ key: JobKey) throws {
        guard let live = try LiveJob.open(key, places: places, before: Deadline(seconds: 20)) else { return }
        try enter(live)
        try finish(live)
    }

    private mutating func tick(_ key: JobKey) throws {
        guard let live = try LiveJob.openUnlessBusy(key, places: places) else { return }
        try enter(live)
        if roll(3) == 0 { try finish(live) } else { try leave(live) }
    }

    private func finish(_ live: consuming LiveJob) throws {
        for event in [Event.end, .capture, .forget] { try live.advance(event, at: now) }
        let key = live.key
        try Files.write([], to: "\(notes)/\(key)", durably: false)
        try Files.remove("\(notes)/\(key).holder")
        try live.remove()
    }

    /// What one leaves who dies before there is a record, or while it is written.
    private mutating func die(_ key: JobKey) throws {
        let directory = places.job(key)
        switch roll(3) {
        case 0: try? Files.makeDirectory(directory.path, mode: 0o700)
        case 1:
            try? Files.makeDirectory(directory.path, mode: 0o700)
            _ = try? FileLock.tryAcquire(directory.lock)
        default:
            guard let lock = try? FileLock.tryAcquire(directory.lock) else { return }
            _ = try? FileDescriptor.open(directory.record + ".new", [.write, .create]).write("{\"half")
            _ = consume lock
        }
    }

    // MARK: What is checked under the lock

    private var now: Timestamp { Timestamp(seconds: 1_700_000_000) }

    private func note(of key: JobKey) throws -> String {
        guard Files.exists("\(notes)/\(key)") else { return "" }
        return String(decoding: try Files.read("\(notes)/\(key)", limit: 1 << 20), as: UTF8.self)
    }

    private func occupy(_ key: JobKey) throws {
        do {
            _ = try FileDescriptor.open("\(notes)/\(key).holder", [.write, .create, .exclusive])
        } catch {
            throw Violation(description: "\(key): two have its lock")
        }
    }

    private func enter(_ live: borrowing LiveJob) throws {
        let key = live.key
        try occupy(key)
        let note = try note(of: key)
        let text = summary(live)
        guard note == text else { throw Violation(description: "\(key) was \(note) and is \(text)") }
    }

    private func leave(_ live: borrowing LiveJob) throws {
        let key = live.key
        try Files.write(Array(summary(live).utf8), to: "\(notes)/\(key)", durably: false)
        try Files.remove("\(notes)/\(key).holder")
    }

    private func summary(_ live: borrowing LiveJob) -> String {
        "attempt \(live.record.attempt) \(live.record.phase.rawValue)"
    }
}

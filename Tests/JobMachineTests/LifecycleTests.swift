import Job
import JobMachine
import Site
import TestSupport
import Testing
import Unix

@Suite("A machine's life is one table")
struct LifecycleTests {
    private static let steps: [(Phase, Event, Phase)] = [
        (.received, .admit, .admitted), (.admitted, .prepare, .prepared), (.prepared, .start, .starting),
        (.starting, .boot, .booting), (.booting, .ready, .running), (.running, .pause, .paused),
        (.paused, .resume, .running), (.received, .refuse, .refused), (.admitted, .refuse, .refused),
        (.prepared, .refuse, .refused), (.captured, .refuse, .refused), (.ending, .capture, .captured),
        (.captured, .forget, .gone),
    ]

    @Test("of all phases and events exactly the drawn steps are allowed, and an ending always")
    func table() {
        for phase in Phase.allCases {
            for event in Event.allCases {
                let next = try? phase.after(event)
                let expected =
                    event == .end
                    ? .ending : Self.steps.first { $0.0 == phase && $0.1 == event }?.2
                #expect(next == expected, "\(phase) + \(event)")
            }
        }
    }

    @Test("nothing leads from a started machine to gone around its capture")
    func evidenceFirst() {
        for phase in Phase.allCases where phase.mayHaveMachine {
            for event in Event.allCases {
                let next = try? phase.after(event)
                #expect(next != .gone)
                #expect(next != .refused)
            }
        }
    }

    @Test(
        "a machine that was paused has run since its agent was ready, and its job was submitted before all that"
    )
    func times() throws {
        try withScratch { root in
            let key = try #require(JobKey("t-1"))
            var job = Job(
                key: key, attempt: 0,
                account: Account(name: "a", uid: 9, gid: 9, groups: [], home: "/", shell: "/bin/sh"),
                queue: "vm", project: "", nodes: 1,
                resources: Resources(cpus: 1, memory: .mebibytes(256), end: nil), words: [])
            job.submitted = Timestamp(seconds: 5)
            let record = Record(job: job, attempt: 0, now: Timestamp(seconds: 10))
            let made = try LiveJob.create(
                record, key: key, places: Places(root: root), before: Deadline(seconds: 600))
            guard var live = made else { throw CancellationError() }
            let events: [Event] = [.admit, .prepare, .start, .boot, .ready, .pause, .resume, .pause, .resume]
            for (index, event) in events.enumerated() {
                try live.advance(event, at: Timestamp(seconds: 11 + Int64(index)))
            }
            #expect(
                live.record.times.mapValues(\.seconds) == [
                    "submitted": 5, "received": 10, "admitted": 11, "prepared": 12, "starting": 13,
                    "booting": 14, "running": 15, "paused": 18, "resumed": 19,
                ])
        }
    }

    @Test("every phase can come to its end")
    func ends() throws {
        for phase in Phase.allCases {
            #expect(try phase.after(.end).after(.capture).after(.forget) == .gone)
        }
    }
}

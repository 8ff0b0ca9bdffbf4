import Job
import JobMachine
import Site
import Testing

@Suite("What a payload is told of its end")
struct LifetimeTests {
    private static let now = Timestamp(seconds: 1_000_000)

    /// Moments in seconds from now; the scheduler's end is five seconds behind what a payload is told.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var told: Int64?
        var end: Int64?
        var notice: Int64?
        let change: Lifetime.Change?
    }

    private static func at(_ seconds: Int64) -> Timestamp { now + seconds }

    static let cases: [Case] = [
        Case(testDescription: "nothing is new", told: 600, end: 605, change: nil),
        Case(testDescription: "no end at all", change: nil),
        Case(testDescription: "a longer time limit", told: 600, end: 1205, change: .later(at(1200))),
        Case(testDescription: "a shorter time limit", told: 600, end: 305, change: .sooner(at(300))),
        Case(testDescription: "an end within the grace", told: 600, end: 10, change: .sooner(at(25))),
        Case(testDescription: "an end within the grace, told before", told: 20, end: 10, change: nil),
        Case(testDescription: "the limit is taken away", told: 600, change: .never),
        Case(testDescription: "a limit where there was none", end: 605, change: .sooner(at(600))),
        Case(
            testDescription: "a notice before the end", told: 600, end: 605, notice: 100,
            change: .sooner(at(100))),
        Case(testDescription: "a notice behind the end", told: 600, end: 605, notice: 700, change: nil),
        Case(testDescription: "a notice of now", told: 600, end: 605, notice: 0, change: .sooner(at(25))),
        Case(testDescription: "a notice was withdrawn", told: 100, end: 605, change: .later(at(600))),
        Case(testDescription: "a notice without an end", notice: 90, change: .sooner(at(90))),
    ]

    @Test("is the nearest of scheduler's end and notice, and never nearer than the grace", arguments: cases)
    func change(_ one: Case) {
        let lifetime = Lifetime(
            grace: 25, notice: one.notice.map { .init(end: Self.at($0), reason: "drain") },
            told: one.told.map { Self.at($0) })
        #expect(lifetime.change(schedulerEnd: one.end.map { Self.at($0) }, at: Self.now) == one.change)
    }

    @Test("changes nothing when it has been told", arguments: cases)
    func converges(_ one: Case) {
        var lifetime = Lifetime(
            grace: 25, notice: one.notice.map { .init(end: Self.at($0), reason: "drain") },
            told: one.told.map { Self.at($0) })
        let end = one.end.map { Self.at($0) }
        guard let change = lifetime.change(schedulerEnd: end, at: Self.now) else { return }
        lifetime.told = change.moment
        for later in [0, 1, 30, 600] as [Int64] {
            #expect(lifetime.change(schedulerEnd: end, at: Self.at(later)) == nil, "\(later) s later")
        }
    }

    @Test(
        "is what the scheduler leaves from TERM to KILL, and no queue promises more",
        arguments: [(nil, 25, nil), (10, 8, 8), (30, 25, 28), (1, 0, 0)] as [(Int?, Int, Int?)])
    func rest(wait: Int?, grace: Int, rest: Int?) throws {
        let account = Account(
            name: "eve", uid: 1000, gid: 100, groups: [], home: "/home/eve", shell: "/bin/sh")
        let job = Job(
            key: try #require(JobKey("demo-4711")), attempt: 0, account: account, queue: "vm", project: "",
            nodes: 1,
            resources: Resources(cpus: 1, memory: .mebibytes(512), end: nil, grace: wait), words: [])
        let site = Site(cluster: "demo", queues: ["vm": Queue(name: "vm", allow: ["demo/*"])])
        let lifetime = try Lifetime(job, site)
        #expect(lifetime.grace == grace && lifetime.rest == rest)
    }

    @Test("follows a node that drains from the moment it is seen, and one that is back in service")
    func drain() {
        let lifetime = Lifetime(grace: 25, told: Self.at(600))
        let drained = lifetime.following(.drained(120), at: Self.now)
        #expect(drained.change(schedulerEnd: Self.at(605), at: Self.now) == .sooner(Self.at(120)))
        // Later looks, and such as bring no answer, change nothing.
        #expect(drained.following(.drained(120), at: Self.at(60)) == drained)
        #expect(drained.following(.unknown, at: Self.at(60)) == drained)
        var told = drained
        told.told = Self.at(120)
        let back = told.following(.inService, at: Self.at(60))
        #expect(back.change(schedulerEnd: Self.at(605), at: Self.at(60)) == .later(Self.at(600)))
        // The site's word and an operator's: the nearer one counts.
        var both = drained
        both.notice = .init(end: Self.at(90), reason: "rack 7")
        #expect(both.change(schedulerEnd: Self.at(605), at: Self.now) == .sooner(Self.at(90)))
    }
}

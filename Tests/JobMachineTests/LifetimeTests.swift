import Job
import JobMachine
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
}

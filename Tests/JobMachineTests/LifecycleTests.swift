import JobMachine
import Testing

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

    @Test("every phase can come to its end")
    func ends() throws {
        for phase in Phase.allCases {
            #expect(try phase.after(.end).after(.capture).after(.forget) == .gone)
        }
    }
}

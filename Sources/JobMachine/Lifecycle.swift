/// How far a job's machine has come, as its record says.
///
///     received ──> admitted ──> prepared ──> starting ──> booting ──> running <──> paused
///         │            │            │            │           │           │           │
///         ├────────────┴────────────┴── refused ─┴───────────┘           │           │
///         │                               │                              │           │
///         └───────────────────────────────┴──────────> ending <──────────┴───────────┘
///                                                         │
///                                                      captured ──> gone
///
/// A phase is written before the effect that it names begins: `starting` stands there before libvirt is asked
/// for a machine, so that whoever comes later knows that there may be one.
package enum Phase: String, Sendable, Codable, CaseIterable {
    /// The record exists; nothing else does.
    case received
    /// The job does not get a machine; the record carries the refusal for the launcher.
    case refused
    /// The image may run.
    case admitted
    /// Overlay and volumes are being made.
    case prepared
    /// The start state is durable and libvirt is about to be asked.
    case starting
    /// libvirt runs the machine.
    case booting
    /// The agent waits for the payload, or runs it.
    case running
    /// An operator stopped the machine's CPUs.
    case paused
    /// The machine is being ended.
    case ending
    /// The machine has ended and its evidence is durable.
    case captured
    /// Nothing is left but the evidence.
    case gone
}

/// What moves a machine from one phase to the next.
package enum Event: String, Sendable, CaseIterable {
    case admit, refuse, prepare, start, boot, ready, pause, resume, end, capture, forget
}

/// An event that cannot happen in a phase.
package struct ForbiddenTransition: Error, Hashable, Sendable, CustomStringConvertible {
    package let phase: Phase
    package let event: Event

    package var description: String { "a machine that is \(phase.rawValue) cannot \(event.rawValue)" }
}

extension Phase {
    /// The phase that follows; every step of every program goes through this table.
    package func after(_ event: Event) throws(ForbiddenTransition) -> Phase {
        switch (self, event) {
        case (.received, .admit): .admitted
        case (.admitted, .prepare): .prepared
        case (.prepared, .start): .starting
        case (.starting, .boot): .booting
        case (.booting, .ready): .running
        case (.running, .pause): .paused
        case (.paused, .resume): .running
        // A refusal needs the machine, if there is one, to have ended first: then it comes from `captured`.
        case (.received, .refuse), (.admitted, .refuse), (.prepared, .refuse), (.captured, .refuse): .refused
        // Whatever died where: an ending can begin in every phase, and begin again.
        case (_, .end): .ending
        case (.ending, .capture): .captured
        case (.captured, .forget): .gone
        default: throw ForbiddenTransition(phase: self, event: event)
        }
    }

    /// True from the moment libvirt may have been asked until the end is captured.
    package var mayHaveMachine: Bool {
        switch self {
        case .received, .refused, .admitted, .prepared, .captured, .gone: false
        case .starting, .booting, .running, .paused, .ending: true
        }
    }
}

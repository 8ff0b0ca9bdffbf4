/// What a payload may be sent when it has to end sooner than it was told before, by its name in signal(7).
package enum NoticeSignal: String, Hashable, Sendable, Codable, CaseIterable {
    case HUP, INT, QUIT, USR1, USR2, TERM

    /// The signal's number on every architecture of Linux that machines have.
    package var number: UInt8 {
        switch self {
        case .HUP: 1
        case .INT: 2
        case .QUIT: 3
        case .USR1: 10
        case .USR2: 12
        case .TERM: 15
        }
    }
}

package import Job

/// What became of one list in a refresh.
package struct Refreshed: Encodable, Sendable {
    /// The spelling is part of the interface.
    package enum Outcome: String, Encodable, Sendable {
        /// A version that was not in force before.
        case accepted
        /// The version in force is still the newest.
        case unchanged
        /// What came is refused; what was in force before stays there until its own end.
        case refused
        /// Nothing came; what was in force before stays there until its own end.
        case unreachable
    }

    package let list: String
    package internal(set) var outcome: Outcome
    /// Of the list in force now, whatever came.
    package internal(set) var version: String?
    package internal(set) var expires: Timestamp?
    package internal(set) var images: Int?
    package internal(set) var warnings: [String] = []
    /// The stable name of the refusal.
    package internal(set) var refusal: Refusal.Name?
    /// Why it is not accepted, for people.
    package internal(set) var failure: String?

    init(_ list: String, _ outcome: Outcome) {
        self.list = list
        self.outcome = outcome
    }
}

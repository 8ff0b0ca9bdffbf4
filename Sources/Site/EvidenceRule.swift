package import Job

/// How long and how much is kept of what machines leave behind; a hold overrules it.
package struct EvidenceRule: Hashable, Sendable {
    /// Whether the machine's overlay is kept when its job has ended.
    package enum EndState: String, Hashable, Sendable, Codable, CaseIterable {
        case never
        case onFailure = "on-failure"
        case always
    }

    /// Seconds for which evidence is kept.
    package var keep: Int64
    /// The most that evidence may take together.
    package var limit: ByteCount
    /// Whether overlays are kept.
    package var endState: EndState

    /// A rule with the default for what is left out.
    package init(
        keep: Int64 = 7 * 86_400, limit: ByteCount = .mebibytes(50 << 10), endState: EndState = .onFailure
    ) {
        self.keep = keep
        self.limit = limit
        self.endState = endState
    }
}

extension EvidenceRule {
    static let keys = ["keep", "limit", "end_state"]

    init(_ section: Section) throws(SiteFault) {
        self.init()
        keep = try section.seconds("keep", in: 1...3650 * 86_400) ?? keep
        limit = try section.size("limit", in: .mebibytes(1)...ByteCount(1 << 60)) ?? limit
        endState = try section.choice("end_state", EndState.self) ?? endState
    }
}

extension Site {
    /// What the queue and the image's list want kept, whichever is more; the site's rule where neither says.
    package func endState(queue: String, list: String) -> EvidenceRule.EndState {
        let wishes = [queues[queue]?.endState, lists[list]?.endState]
        return EvidenceRule.EndState.allCases.last { wishes.contains($0) } ?? evidence.endState
    }
}

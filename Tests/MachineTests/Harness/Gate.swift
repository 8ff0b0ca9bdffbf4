/// Lets a few machines boot at a time, and lets those tests that disturb everybody run when nobody else does.
actor Gate {
    enum Pass: Sendable {
        /// A test whose machines keep a processor busy.
        case busy
        /// A test that mostly waits.
        case idle
        /// A test that stops daemons, changes configuration or fills the node.
        case alone
    }

    static let shared = Gate()

    private static let most = 4
    private var busy = 0
    private var idle = 0
    private var alone = false
    private var waiting: [(pass: Pass, start: CheckedContinuation<Void, Never>)] = []

    func enter(_ pass: Pass) async {
        await withCheckedContinuation { continuation in
            waiting.append((pass, continuation))
            admit()
        }
    }

    func leave(_ pass: Pass) {
        switch pass {
        case .busy: busy -= 1
        case .idle: idle -= 1
        case .alone: alone = false
        }
        admit()
    }

    /// In the order of arrival, save that tests that want to be alone come last.
    private func admit() {
        while let index = waiting.firstIndex(where: { mayEnter($0.pass) }) {
            let (pass, start) = waiting.remove(at: index)
            switch pass {
            case .busy: busy += 1
            case .idle: idle += 1
            case .alone: alone = true
            }
            start.resume()
        }
    }

    private func mayEnter(_ pass: Pass) -> Bool {
        guard !alone else { return false }
        return switch pass {
        case .busy: busy < Self.most
        case .idle: true
        case .alone: busy == 0 && idle == 0 && waiting.allSatisfy { $0.pass == .alone }
        }
    }
}

import Evidence
import GuestProtocol
import Job

extension Record {
    /// Notes why the machine ends, unless an earlier try has; `word` is what its agent said last.
    mutating func beginEnd(_ cause: EndCause, at now: Timestamp, _ word: Ready? = nil) {
        guard ending == nil else { return }
        ending = EndState(
            ended: now, cause: cause.name, by: cause.by, exit: cause.exit.map { "\($0.code):\($0.signal)" },
            refusal: cause.refusal ?? refusal ?? revoked,
            payload: word.flatMap { Ending.moment($0.begun) },
            terminated: word.flatMap { Ending.moment($0.terminated) }, usage: nil)
    }

    /// Notes that there is no machine any more, unless an earlier try has, and what it had used.
    mutating func stopped(_ usage: EndState.Usage?, at now: Timestamp) {
        if let usage { ending?.usage = usage }
        guard times["stopped"] == nil else { return }
        times["stopped"] = now
        ending?.ended = now
    }
}

import Evidence
import Job

extension Record {
    /// Notes why the machine ends, unless an earlier try has; `terminated` is when its payload got TERM, by the guest's
    /// word.
    mutating func beginEnd(_ cause: EndCause, at now: Timestamp, terminated: Timestamp? = nil) {
        guard ending == nil else { return }
        ending = EndState(
            ended: now, cause: cause.name, by: cause.by, exit: cause.exit.map { "\($0.code):\($0.signal)" },
            refusal: cause.refusal ?? refusal ?? revoked, terminated: terminated, usage: nil)
    }

    /// Notes that there is no machine any more, unless an earlier try has, and what it had used.
    mutating func stopped(_ usage: EndState.Usage?, at now: Timestamp) {
        if let usage { ending?.usage = usage }
        guard times["stopped"] == nil else { return }
        times["stopped"] = now
        ending?.ended = now
    }
}

internal import Job

/// From when and until when a list says it holds.
struct Freshness: Hashable, Sendable {
    let created: Timestamp
    let expires: Timestamp

    /// Refuses a list from the future, one past its own end (by the name `expired`), and one older than the
    /// site's maximum age in seconds.
    func check(at now: Timestamp, maximumAge: Int64?, expired: Refusal.Name) throws(Refusal) {
        guard created <= now else {
            throw Refusal(.ListNotYetValid, "the list was created \(created), which is after \(now)")
        }
        guard now < expires else { throw Refusal(expired, "the list expired \(expires)") }
        if let maximumAge, now - created > maximumAge {
            throw Refusal(
                .StaleList,
                "the list was created \(created), longer ago than the site's maximum of \(maximumAge) s")
        }
    }
}

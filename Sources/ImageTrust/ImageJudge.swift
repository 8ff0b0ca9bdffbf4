internal import Job

/// Judges single images of a list that is accepted.
struct ImageJudge {
    let subscription: Subscription
    let isFirst: Bool
    /// The versions that must not be undercut.
    let known: [ImageIdentifier: ListVersion]
    let owned: [ImageIdentifier: ListVersion]
    let owners: [ImageIdentifier: String]

    func refusal(_ entry: ImageEntry) -> Refusal? {
        if owned[entry.identifier] == nil, let owner = owners[entry.identifier], owner != subscription.name {
            return Refusal(.ImageIdConflict, "image \(entry.identifier) belongs to the list '\(owner)'")
        }
        if let highest = known[entry.identifier], entry.version < highest {
            return Refusal(
                .ImageRollback,
                "image \(entry.identifier) has version \(entry.version) and had \(highest) before")
        }
        if subscription.refusesNewImages, !isFirst, owned[entry.identifier] == nil,
            !subscription.named.contains(where: { ImageIdentifier($0) == entry.identifier })
        {
            return Refusal(
                .NewImageRefused,
                "image \(entry.identifier) is new in '\(subscription.name)': name it under [images] to admit it"
            )
        }
        return nil
    }
}

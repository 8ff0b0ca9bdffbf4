/// The revocation lists for one chain, and what is wrong with those that cannot be used.
struct Revocations {
    private(set) var usable: [RevocationList] = []
    /// Authorities with a file that is no revocation list.
    private(set) var malformed: Set<DistinguishedName> = []
    /// Authorities with a list in their name that another key signed.
    private(set) var forged: Set<DistinguishedName> = []
    /// An authority whose list says no end.
    private(set) var endless: DistinguishedName?

    /// Takes the lists in the authority's name that a key of that name has signed.
    mutating func collect(
        of authority: Certificate, from anchors: TrustAnchors, all: [TrustAnchors.Authority]
    ) {
        guard let name = authority.subject else { return }
        let keys = all.map(\.certificate).filter { $0.hasSubject(of: authority) }
        // Two authorities of one name share their lists; the first takes them.
        guard keys.first === authority else { return }
        for list in anchors.revocationLists(of: authority) {
            guard let list else {
                malformed.insert(name)
                continue
            }
            guard keys.contains(where: { list.isSigned(by: $0) }) else {
                forged.insert(name)
                continue
            }
            if !list.hasEnd { endless = name }
            usable.append(list)
        }
    }
}

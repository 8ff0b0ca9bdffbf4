package import Job

/// What a directory of trust anchors has of an authority, and until when it can be used.
package struct AuthorityFacts: Hashable, Sendable {
    /// The authority's revocation list.
    package enum Revocation: Hashable, Sendable {
        /// There is no file of one.
        case missing
        /// No file in the authority's name holds one that can be used: it is none, or another key signed it.
        case unusable
        /// The newest; nil for a moment that it does not say.
        case list(made: Timestamp?, due: Timestamp?)
    }

    package let name: DistinguishedName
    /// The end of its certificate.
    package let expires: Timestamp?
    package let revocation: Revocation
}

extension TrustAnchors {
    /// The authority of that name, and all those above it; empty when there is no certificate of that name.
    package func authorities(from name: DistinguishedName) -> [AuthorityFacts] {
        var chain = everyone().filter { $0.certificate.subject == name }
        var level = chain
        while !level.isEmpty, chain.count < 16 {
            level = level.filter { !$0.certificate.isSelfIssued }.flatMap { issuers(of: $0.certificate) }
                .filter { new in !chain.contains { $0.certificate.der == new.certificate.der } }
            chain += level
        }
        return chain.compactMap { authority in
            authority.certificate.subject.map {
                AuthorityFacts(
                    name: $0, expires: authority.certificate.notAfter,
                    revocation: revocation(of: authority.certificate, chain))
            }
        }
    }

    private func revocation(of authority: Certificate, _ all: [Authority]) -> AuthorityFacts.Revocation {
        let files = revocationLists(of: authority)
        if files.isEmpty { return .missing }
        let keys = all.map(\.certificate).filter { $0.hasSubject(of: authority) }
        let newest = files.compactMap { $0 }.filter { list in keys.contains { list.isSigned(by: $0) } }
            .max { ($0.made ?? Timestamp(seconds: 0)) < ($1.made ?? Timestamp(seconds: 0)) }
        return newest.map { .list(made: $0.made, due: $0.due) } ?? .unusable
    }
}

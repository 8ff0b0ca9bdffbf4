/// One line of what a trust anchor may sign.
struct NamespaceRule: Hashable, Sendable {
    enum Effect: Hashable, Sendable { case permit, deny }

    /// The authority; nil stands for the one whose file it is.
    let issuer: DistinguishedName?
    let effect: Effect
    /// Nil for a pattern that cannot be understood: it permits nothing and denies everything.
    let subject: NamespacePattern?

    func isAbout(_ authority: DistinguishedName) -> Bool { issuer == nil || issuer == authority }

    func covers(_ name: DistinguishedName) -> Bool { subject?.matches(name) ?? (effect == .deny) }
}

package import Job

/// Somebody whose signature under an image list a site accepts.
package struct Endorser: Hashable, Sendable {
    /// What the site calls it.
    package let name: String
    /// The subject of its certificate.
    package let dn: DistinguishedName
    /// The subject of the authority that issued the certificate.
    package let ca: DistinguishedName
    /// The virtual organisation it speaks for.
    package let vo: String

    /// Refuses a name that cannot be read, or can be read in two ways.
    package init(name: String, dn: String, ca: String, vo: String) throws(Refusal) {
        func read(_ key: String, _ text: String) throws(Refusal) -> DistinguishedName {
            guard let name = DistinguishedName(text) else {
                throw Refusal(
                    .EndorserNotAuthorised,
                    "endorser \(name): \(key) '\(text)' is not a distinguished name: write /DC=org/.../CN=Name, "
                        + "a slash in a value as \\/")
            }
            return name
        }
        self.name = name
        self.dn = try read("dn", dn)
        self.ca = try read("ca", ca)
        self.vo = vo
    }
}

/// Whom a list names as its endorser (`hv:x509`); a claim until the signature bears it out.
package struct DeclaredEndorser: Hashable, Sendable {
    /// `dc:creator`.
    package let creator: String
    package let email: String
    /// `hv:dn` as written.
    package let dn: String
    /// `hv:ca` as written.
    package let ca: String

    /// Whether both names are those of the signer, attribute by attribute.
    func isSigner(of signature: Signature) -> Bool {
        DistinguishedName(dn) == signature.subject && DistinguishedName(ca) == signature.issuer
    }
}

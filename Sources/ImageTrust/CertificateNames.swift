/// The names in a certificate file.
package struct CertificateNames: Hashable, Sendable {
    package let subject: DistinguishedName
    package let issuer: DistinguishedName

    /// Reads the first certificate of a PEM text, or a DER file; nil when there is none.
    package init?(reading file: [UInt8]) {
        guard let certificate = Certificate.reading(file: file).first, let subject = certificate.subject,
            let issuer = certificate.issuer
        else { return nil }
        self.subject = subject
        self.issuer = issuer
    }
}

package import Job

/// A signature that was verified: the content is what its maker signed, and the maker's certificate was good.
package struct Signature: Hashable, Sendable {
    /// The signed octets, every line end as CRLF.
    package let content: [UInt8]
    /// The signer's certificate in DER.
    package let certificate: [UInt8]
    package let subject: DistinguishedName
    package let issuer: DistinguishedName
    /// The certificate's serial number in upper-case hexadecimal digits.
    package let serial: String
    package let notAfter: Timestamp
    package let digest: DigestAlgorithm
    package let warnings: [Warning]
}

package import Job

/// A signature that was verified: its maker's certificate was good, and the key signed what came with it.
package struct Signature: Hashable, Sendable {
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

package import Job

extension SignedMessage {
    /// Verifies everything cryptographic about the message as of `now`: the signer's chain with all revocation
    /// lists and namespaces, the digest and the signature over the content.
    package func verify(
        anchors: TrustAnchors, at now: Timestamp, allowing policy: DigestPolicy = .sha2
    ) throws(Refusal) -> SignedContent {
        let info = try ContentInfo.reading(parts.signature)
        guard let digest = info.digest else {
            throw Refusal(.WeakDigest, "the signature's digest is not one of SHA-256, SHA-384 and SHA-512")
        }
        guard policy.allows(digest) else {
            throw Refusal(
                .WeakDigest, "the signature's digest is SHA-1, which the list's allow_sha1 does not admit")
        }
        guard info.hasSupportedKey else {
            throw Refusal(.UnsupportedSignature, "the signer's key is neither RSA nor an elliptic curve")
        }
        try anchors.check(info.signer, sent: info.certificates, at: now)
        if let reason = info.failure(over: parts.content) {
            throw digestRefusal(info, reason)
        }
        guard let subject = info.signer.subject, let issuer = info.signer.issuer,
            let notAfter = info.signer.notAfter
        else { throw Refusal(.UntrustedIssuer, "the signer's certificate cannot be read") }
        let signature = Signature(
            certificate: info.signer.der, subject: subject, issuer: issuer, serial: info.signer.serial,
            notAfter: notAfter, digest: digest, warnings: warnings(info, digest))
        return SignedContent(octets: parts.content, signature: signature)
    }

    private func warnings(_ info: ContentInfo, _ digest: DigestAlgorithm) -> [Warning] {
        var warnings: [Warning] = []
        if let micalg = parts.micalg, !digest.isMeant(by: micalg) {
            warnings.append(
                Warning(
                    .AlgorithmMismatch,
                    "the header's micalg '\(micalg.prefix(40))' is not the signature's digest \(digest.rawValue)"
                )
            )
        }
        if !info.hasSignedAttributes {
            warnings.append(Warning(.NoSignedAttributes, "the signature has no signed attributes"))
        }
        return warnings
    }

    /// Says so when the content was signed with its line ends as they were.
    private func digestRefusal(_ info: ContentInfo, _ reason: String) -> Refusal {
        var plain: [UInt8] = []
        plain.reserveCapacity(parts.content.count)
        for byte in parts.content where byte != 0x0D { plain.append(byte) }
        if info.failure(over: plain) == nil {
            return Refusal(
                .DigestMismatch, "not canonical: signed over LF line ends, sign it without -binary")
        }
        return Refusal(.DigestMismatch, "the content is not what was signed: \(reason)")
    }
}

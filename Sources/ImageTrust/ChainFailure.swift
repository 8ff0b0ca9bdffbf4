internal import COpenSSL
internal import Job

/// What `X509_verify_cert` found wrong, and where.
struct ChainFailure {
    /// One of `X509_V_ERR_*`.
    let code: Int32
    /// 0 is the signer, 1 its authority, and so on.
    let depth: Int
    /// OpenSSL's words.
    let reason: String
    let subject: DistinguishedName?
}

extension TrustAnchors {
    /// The refusal that a failure stands for.
    func refusal(
        _ failure: ChainFailure, of certificate: Certificate, sent: [Certificate], authorities: [Authority],
        revocations: Revocations
    ) -> Refusal {
        let name = failure.subject.map { "'\($0)'" } ?? "a certificate of the chain"
        let message = "\(name): \(failure.reason)"
        switch failure.code {
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
            return missingList(failure, of: certificate, authorities: authorities, revocations)
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return missingIssuer(failure, of: certificate, sent: sent, authorities: authorities)
        case X509_V_ERR_CERT_REVOKED:
            return Refusal(failure.depth == 0 ? .CertRevoked : .IssuerRevoked, message)
        case X509_V_ERR_INVALID_PURPOSE:
            return Refusal(failure.depth == 0 ? .PurposeNotAllowed : .UntrustedIssuer, message)
        default:
            return Refusal(Self.names[failure.code] ?? .UntrustedIssuer, message)
        }
    }

    private static let names: [Int32: Refusal.Name] = [
        X509_V_ERR_CERT_HAS_EXPIRED: .CertExpired,
        X509_V_ERR_CERT_NOT_YET_VALID: .CertNotYetValid,
        X509_V_ERR_CRL_HAS_EXPIRED: .CRLExpired,
        X509_V_ERR_CRL_NOT_YET_VALID: .CRLNotYetValid,
        X509_V_ERR_CRL_SIGNATURE_FAILURE: .CRLSignatureInvalid,
        X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE: .CRLSignatureInvalid,
        X509_V_ERR_KEYUSAGE_NO_CRL_SIGN: .CRLSignatureInvalid,
        X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD: .CRLFormat,
        X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD: .CRLFormat,
        X509_V_ERR_DIFFERENT_CRL_SCOPE: .CRLFormat,
        X509_V_ERR_CRL_PATH_VALIDATION_ERROR: .CRLFormat,
        X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION: .CRLFormat,
        X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED: .ProxyNotAllowed,
        X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED: .ProxyNotAllowed,
        X509_V_ERR_PROXY_SUBJECT_NAME_VIOLATION: .ProxyNotAllowed,
        X509_V_ERR_EE_KEY_TOO_SMALL: .KeyTooWeak,
        X509_V_ERR_CA_KEY_TOO_SMALL: .KeyTooWeak,
        X509_V_ERR_EC_KEY_EXPLICIT_PARAMS: .KeyTooWeak,
        X509_V_ERR_CA_MD_TOO_WEAK: .WeakDigest,
        X509_V_ERR_PERMITTED_VIOLATION: .NamespaceViolation,
        X509_V_ERR_EXCLUDED_VIOLATION: .NamespaceViolation,
        X509_V_ERR_UNSUPPORTED_SIGNATURE_ALGORITHM: .UnsupportedSignature,
    ]

    private func missingList(
        _ failure: ChainFailure, of certificate: Certificate, authorities: [Authority],
        _ revocations: Revocations
    ) -> Refusal {
        let below = failure.depth == 0 ? certificate : nil
        let issuer =
            below?.issuer
            ?? authorities.first { $0.certificate.subject == failure.subject }?.certificate.issuer
        guard let issuer else { return Refusal(.CRLMissing, "no revocation list: \(failure.reason)") }
        if revocations.forged.contains(issuer) {
            return Refusal(
                .CRLSignatureInvalid,
                "the revocation list of '\(issuer)' in \(directory) is not signed by it")
        }
        if revocations.malformed.contains(issuer) {
            return Refusal(
                .CRLFormat, "the revocation list of '\(issuer)' in \(directory) is neither PEM nor DER")
        }
        return Refusal(.CRLMissing, "\(directory) has no revocation list of '\(issuer)'")
    }

    /// Tells an authority that is a stranger here from one that is missing below a known one.
    private func missingIssuer(
        _ failure: ChainFailure, of certificate: Certificate, sent: [Certificate], authorities: [Authority]
    ) -> Refusal {
        guard failure.depth == 0, let issuer = certificate.issuer else {
            return Refusal(
                .ChainIncomplete, "\(directory) lacks the issuer of '\(failure.subject?.description ?? "?")'")
        }
        if !authorities.isEmpty {
            return Refusal(
                .UntrustedIssuer,
                "the authority '\(issuer)' in \(directory) is not the one that signed the certificate")
        }
        // What came along, and what the certificate says of its issuer's issuer, prove nothing but show
        // whether the missing authority is a root of its own.
        let above = sent.first { certificate.namesAsIssuer($0) }?.issuer ?? certificate.authorityIssuer
        if above == issuer || !couldIssue(to: issuer) {
            return Refusal(.UntrustedIssuer, "the authority '\(issuer)' is not in \(directory)")
        }
        return Refusal(.ChainIncomplete, "\(directory) lacks the authority '\(issuer)'")
    }
}

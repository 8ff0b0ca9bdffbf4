internal import COpenSSL
internal import Job

extension TrustAnchors {
    /// How many authorities may stand between a certificate and its root.
    private static let depthLimit = 8

    /// Refuses a certificate that must not sign an image list at this moment: the whole chain is built from
    /// the directory alone, every level is checked against its authority's revocation list and namespace.
    ///
    /// What the bearer sends along is a hint for the words of a refusal and never part of the chain. The
    /// corresponding C function is `X509_verify_cert`.
    func check(_ certificate: Certificate, sent: [Certificate] = [], at now: Timestamp) throws(Refusal) {
        try checkForm(certificate)
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.drain() }
        guard let store = unsafe X509_STORE_new() else { throw Self.outOfMemory }
        defer { unsafe X509_STORE_free(store) }

        var authorities: [Authority] = []
        var level = [certificate]
        for _ in 0..<Self.depthLimit {
            let found = level.filter { !$0.isSelfIssued || $0 === certificate }.flatMap { issuers(of: $0) }
                .filter { new in !authorities.contains { $0.certificate.der == new.certificate.der } }
            if found.isEmpty { break }
            authorities += found
            level = found.map(\.certificate)
        }
        var revocations = Revocations()
        for authority in authorities {
            unsafe X509_STORE_add_cert(store, authority.certificate.pointer)
            revocations.collect(of: authority.certificate, from: self, all: authorities)
        }
        for list in revocations.usable { unsafe X509_STORE_add_crl(store, list.pointer) }

        guard let context = unsafe X509_STORE_CTX_new() else { throw Self.outOfMemory }
        defer { unsafe X509_STORE_CTX_free(context) }
        guard unsafe X509_STORE_CTX_init(context, store, certificate.pointer, nil) == 1,
            let parameters = unsafe X509_STORE_CTX_get0_param(context)
        else { throw Self.outOfMemory }
        unsafe X509_VERIFY_PARAM_set_time(parameters, Int(now.seconds))
        unsafe X509_VERIFY_PARAM_set_flags(
            parameters,
            UInt(X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_X509_STRICT))
        unsafe X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SMIME_SIGN)
        unsafe X509_VERIFY_PARAM_set_trust(parameters, X509_TRUST_EMAIL)
        unsafe X509_VERIFY_PARAM_set_depth(parameters, Int32(Self.depthLimit))
        // 112 bits: RSA from 2048, elliptic curves from 224, no SHA-1 under a certificate.
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, 2)

        guard unsafe X509_verify_cert(context) == 1 else {
            let failure = ChainFailure(
                code: unsafe X509_STORE_CTX_get_error(context),
                depth: Int(unsafe X509_STORE_CTX_get_error_depth(context)),
                reason: unsafe String(
                    cString: X509_verify_cert_error_string(Int(X509_STORE_CTX_get_error(context)))),
                subject: unsafe DistinguishedName(
                    X509_STORE_CTX_get_current_cert(context).flatMap { unsafe X509_get_subject_name($0) }))
            throw refusal(
                failure, of: certificate, sent: sent, authorities: authorities, revocations: revocations)
        }
        try unsafe checkNamespaces(X509_STORE_CTX_get0_chain(context), authorities)
        if let authority = revocations.endless {
            throw Refusal(.CRLFormat, "the revocation list of '\(authority)' has no next update")
        }
    }

    /// Refuses what no chain can make good.
    private func checkForm(_ certificate: Certificate) throws(Refusal) {
        guard let subject = certificate.subject, let issuer = certificate.issuer else {
            throw Refusal(.UntrustedIssuer, "the signer's certificate bears a name without a text form")
        }
        let legacy = subject.relativeNames.last?.map { String(decoding: $0.value, as: UTF8.self) } ?? []
        let isLegacyProxy = subject.extends(issuer) && (legacy == ["proxy"] || legacy == ["limited proxy"])
        guard !certificate.isProxy, !isLegacyProxy else {
            throw Refusal(.ProxyNotAllowed, "'\(subject)' is a proxy certificate")
        }
    }

    private func checkNamespaces(_ chain: OpaquePointer?, _ authorities: [Authority]) throws(Refusal) {
        let length = unsafe openssl_sk_X509_num(chain)
        // A signer who is a root of his own needs leave for himself.
        for index in 0..<max(1, length - 1) {
            guard let lower = unsafe openssl_sk_X509_value(chain, index),
                let upper = unsafe openssl_sk_X509_value(chain, min(index + 1, length - 1)),
                let subject = unsafe DistinguishedName(X509_get_subject_name(lower)),
                let authority = authorities.first(where: {
                    unsafe X509_cmp($0.certificate.pointer, upper) == 0
                })
            else { throw Refusal(.NamespaceViolation, "a certificate of the chain has no readable name") }
            try checkNamespace(of: subject, under: authority)
        }
    }

    private static var outOfMemory: Refusal {
        Refusal(.UntrustedIssuer, "the certificate cannot be checked: out of memory")
    }
}

internal import COpenSSL
internal import Job

/// A certificate revocation list (RFC 5280).
@safe final class RevocationList {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

    deinit { unsafe X509_CRL_free(pointer) }

    /// Reads PEM or DER; nil when it is neither.
    ///
    /// The corresponding C functions are `PEM_read_bio_X509_CRL` and `d2i_X509_CRL_bio`.
    static func reading(file bytes: [UInt8]) -> RevocationList? {
        defer { OpenSSLErrors.clear() }
        guard let source = MemoryBIO(bytes) else { return nil }
        if let pointer = unsafe openssl_PEM_read_bio_X509_CRL(source.pointer) {
            return unsafe RevocationList(owning: pointer)
        }
        guard let source = MemoryBIO(bytes), let pointer = unsafe d2i_X509_CRL_bio(source.pointer, nil) else {
            return nil
        }
        return unsafe RevocationList(owning: pointer)
    }

    func isIssued(inNameOf authority: Certificate) -> Bool {
        unsafe X509_NAME_cmp(X509_CRL_get_issuer(pointer), X509_get_subject_name(authority.pointer)) == 0
    }

    /// The corresponding C function is `X509_CRL_verify`.
    func isSigned(by authority: Certificate) -> Bool {
        defer { OpenSSLErrors.clear() }
        guard let key = unsafe X509_get0_pubkey(authority.pointer) else { return false }
        return unsafe X509_CRL_verify(pointer, key) == 1
    }

    /// Whether it says until when it holds; OpenSSL takes one that does not for eternal.
    var hasEnd: Bool { unsafe X509_CRL_get0_nextUpdate(pointer) != nil }

    /// When it was made, and when the next one is due.
    var made: Timestamp? { unsafe Certificate.moment(X509_CRL_get0_lastUpdate(pointer)) }
    var due: Timestamp? { unsafe Certificate.moment(X509_CRL_get0_nextUpdate(pointer)) }
}

internal import COpenSSL
internal import Job

/// A CMS SignedData structure (RFC 5652) with one signer whose certificate it carries.
@safe final class ContentInfo {
    private let pointer: OpaquePointer
    private let signerInfo: OpaquePointer
    /// The signer's certificate.
    let signer: Certificate
    /// All certificates in the structure, the signer's among them.
    let certificates: [Certificate]

    /// Reads DER or BER.
    ///
    /// The corresponding C functions are `d2i_CMS_bio` and `CMS_set1_signers_certs`.
    static func reading(_ bytes: [UInt8]) throws(Refusal) -> ContentInfo {
        OpenSSLErrors.clear()
        defer { OpenSSLErrors.drain() }
        guard let source = MemoryBIO(bytes), let pointer = unsafe d2i_CMS_bio(source.pointer, nil) else {
            throw Refusal(.MalformedMIME, "the signature is not a CMS structure")
        }
        do throws(Refusal) {
            guard source.pending == 0 else {
                throw Refusal(.MalformedMIME, "something stands behind the CMS structure")
            }
            return try unsafe ContentInfo(owning: pointer)
        } catch {
            unsafe CMS_ContentInfo_free(pointer)
            throw error
        }
    }

    /// Owns the structure unless it throws.
    private init(owning pointer: OpaquePointer) throws(Refusal) {
        guard unsafe OBJ_obj2nid(CMS_get0_type(pointer)) == NID_pkcs7_signed,
            unsafe OBJ_obj2nid(CMS_get0_eContentType(pointer)) == NID_pkcs7_data,
            unsafe CMS_is_detached(pointer) == 1
        else {
            throw Refusal(.UnsupportedContainer, "the signature is not a detached one over plain data")
        }
        let infos = unsafe CMS_get0_SignerInfos(pointer)
        let count = unsafe openssl_sk_CMS_SignerInfo_num(infos)
        guard count <= 1 else { throw Refusal(.MultipleSigners, "the list has \(count) signers") }
        guard count == 1, let info = unsafe openssl_sk_CMS_SignerInfo_value(infos, 0) else {
            throw Refusal(.SignerCertMissing, "the list has no signer")
        }
        unsafe CMS_set1_signers_certs(pointer, nil, 0)
        var signer: OpaquePointer?
        unsafe CMS_SignerInfo_get0_algs(info, nil, &signer, nil, nil)
        guard let signer = unsafe signer else {
            throw Refusal(.SignerCertMissing, "the signer's certificate is not in the signature")
        }
        unsafe X509_up_ref(signer)
        unsafe self.signer = Certificate(owning: signer)
        certificates = unsafe Self.certificates(of: pointer)
        unsafe signerInfo = unsafe info
        unsafe self.pointer = unsafe pointer
    }

    deinit { unsafe CMS_ContentInfo_free(pointer) }

    /// The digest of the signature; nil for one that is not known.
    ///
    /// The corresponding C function is `CMS_SignerInfo_get0_algs`.
    var digest: DigestAlgorithm? {
        var algorithm: UnsafeMutablePointer<X509_ALGOR>?
        unsafe CMS_SignerInfo_get0_algs(signerInfo, nil, nil, &algorithm, nil)
        var object: OpaquePointer?
        unsafe X509_ALGOR_get0(&object, nil, nil, algorithm)
        switch unsafe OBJ_obj2nid(object) {
        case NID_sha1: return .sha1
        case NID_sha256: return .sha256
        case NID_sha384: return .sha384
        case NID_sha512: return .sha512
        default: return nil
        }
    }

    /// Whether the key is of a kind that we know: RSA, RSA-PSS or an elliptic curve.
    var hasSupportedKey: Bool { [EVP_PKEY_RSA, EVP_PKEY_RSA_PSS, EVP_PKEY_EC].contains(signer.keyType) }

    /// The corresponding C function is `CMS_signed_get_attr_count`.
    var hasSignedAttributes: Bool { unsafe CMS_signed_get_attr_count(signerInfo) > 0 }

    /// Whether the signer's key signed these octets; the certificate itself is not looked at.
    ///
    /// Nil means yes, otherwise OpenSSL's reason. The corresponding C function is `CMS_verify`.
    func failure(over content: [UInt8]) -> String? {
        OpenSSLErrors.clear()
        // The octets are canonical already: CMS_BINARY keeps libcrypto from translating them again.
        let flags = UInt32(CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY)
        let result = unsafe MemoryBIO.reading(content) { source in
            unsafe CMS_verify(pointer, nil, nil, source, nil, flags)
        }
        let reason = OpenSSLErrors.drain()
        return result == 1 ? nil : reason ?? "the signature does not fit"
    }

    /// The corresponding C function is `CMS_get1_certs`.
    private static func certificates(of pointer: OpaquePointer) -> [Certificate] {
        guard let stack = unsafe CMS_get1_certs(pointer) else { return [] }
        defer { unsafe openssl_sk_X509_pop_free(stack) }
        let count = unsafe openssl_sk_X509_num(stack)
        return (0..<max(0, count)).compactMap { index in
            guard let certificate = unsafe openssl_sk_X509_value(stack, index) else { return nil }
            unsafe X509_up_ref(certificate)
            return unsafe Certificate(owning: certificate)
        }
    }
}

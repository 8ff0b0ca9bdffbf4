internal import COpenSSL
internal import Job

/// An X.509 certificate.
@safe final class Certificate {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { unsafe self.pointer = unsafe pointer }

    deinit { unsafe X509_free(pointer) }

    /// Reads the DER form of one certificate; nil when it is not one.
    ///
    /// The corresponding C function is `d2i_X509_bio`.
    static func reading(der bytes: [UInt8]) -> Certificate? {
        defer { OpenSSLErrors.clear() }
        guard let source = MemoryBIO(bytes), let pointer = unsafe d2i_X509_bio(source.pointer, nil) else {
            return nil
        }
        let certificate = unsafe Certificate(owning: pointer)
        return source.pending == 0 ? certificate : nil
    }

    /// All certificates of a PEM text, or the one of a DER file.
    ///
    /// The corresponding C function is `PEM_read_bio_X509`.
    static func reading(file bytes: [UInt8]) -> [Certificate] {
        defer { OpenSSLErrors.clear() }
        guard let source = MemoryBIO(bytes) else { return [] }
        var certificates: [Certificate] = []
        while let pointer = unsafe openssl_PEM_read_bio_X509(source.pointer) {
            certificates.append(unsafe Certificate(owning: pointer))
        }
        return certificates.isEmpty ? [reading(der: bytes)].compactMap { $0 } : certificates
    }

    /// The corresponding C function is `i2d_X509`.
    var der: [UInt8] {
        let length = unsafe i2d_X509(pointer, nil)
        guard length > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            var cursor = buffer.baseAddress
            _ = unsafe i2d_X509(pointer, &cursor)
        }
        return bytes
    }

    /// Nil when a value cannot be shown as text.
    var subject: DistinguishedName? { unsafe DistinguishedName(X509_get_subject_name(pointer)) }
    var issuer: DistinguishedName? { unsafe DistinguishedName(X509_get_issuer_name(pointer)) }

    /// The file names under which a directory of trust anchors keeps what belongs to the subject and to the
    /// issuer: by OpenSSL's hash and by that of OpenSSL 0.9.
    ///
    /// The corresponding C functions are `X509_NAME_hash_ex` and `X509_NAME_hash_old`.
    var subjectHashes: [String] { unsafe Self.hashes(X509_get_subject_name(pointer)) }
    var issuerHashes: [String] { unsafe Self.hashes(X509_get_issuer_name(pointer)) }

    /// The corresponding C function is `X509_NAME_cmp`.
    var isSelfIssued: Bool {
        unsafe X509_NAME_cmp(X509_get_subject_name(pointer), X509_get_issuer_name(pointer)) == 0
    }

    /// Whether the name of `authority` is that of this certificate's issuer.
    func namesAsIssuer(_ authority: Certificate) -> Bool {
        unsafe X509_NAME_cmp(X509_get_issuer_name(pointer), X509_get_subject_name(authority.pointer)) == 0
    }

    /// Whether the name of `authority` is that of this certificate.
    func hasSubject(of authority: Certificate) -> Bool {
        unsafe X509_NAME_cmp(X509_get_subject_name(pointer), X509_get_subject_name(authority.pointer)) == 0
    }

    /// Whether it is a proxy by RFC 3820.
    ///
    /// The corresponding C function is `X509_get_extension_flags`.
    var isProxy: Bool { unsafe X509_get_extension_flags(pointer) & UInt32(EXFLAG_PROXY) != 0 }

    /// The name that its authority key identifier gives as the issuer of its issuer.
    ///
    /// The corresponding C function is `X509_get0_authority_issuer`.
    var authorityIssuer: DistinguishedName? {
        guard let names = unsafe X509_get0_authority_issuer(pointer) else { return nil }
        let count = unsafe openssl_sk_GENERAL_NAME_num(names)
        for index in 0..<max(0, count) {
            guard let name = unsafe openssl_sk_GENERAL_NAME_value(names, index),
                unsafe name.pointee.type == GEN_DIRNAME
            else { continue }
            return unsafe DistinguishedName(name.pointee.d.directoryName)
        }
        return nil
    }

    /// Upper-case hexadecimal digits.
    ///
    /// The corresponding C function is `BN_bn2hex`.
    var serial: String {
        guard let number = unsafe ASN1_INTEGER_to_BN(X509_get0_serialNumber(pointer), nil) else { return "" }
        defer { unsafe BN_free(number) }
        guard let text = unsafe BN_bn2hex(number) else { return "" }
        defer { unsafe openssl_OPENSSL_free(text) }
        return unsafe String(cString: text)
    }

    var notBefore: Timestamp? { unsafe Self.moment(X509_get0_notBefore(pointer)) }
    var notAfter: Timestamp? { unsafe Self.moment(X509_get0_notAfter(pointer)) }

    /// The kind of public key.
    ///
    /// The corresponding C function is `EVP_PKEY_get_base_id`.
    var keyType: Int32 {
        guard let key = unsafe X509_get0_pubkey(pointer) else { return EVP_PKEY_NONE }
        return unsafe EVP_PKEY_get_base_id(key)
    }

    /// The corresponding C function is `ASN1_TIME_diff`.
    static func moment(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
        guard let time = unsafe time, let epoch = unsafe ASN1_TIME_set(nil, 0) else { return nil }
        defer { unsafe ASN1_TIME_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return nil }
        return Timestamp(seconds: Int64(days) * 86_400 + Int64(seconds))
    }

    private static func hashes(_ name: OpaquePointer?) -> [String] {
        unsafe [X509_NAME_hash_ex(name, nil, nil, nil), X509_NAME_hash_old(name)].map { hash in
            let digits = String(UInt32(truncatingIfNeeded: hash), radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
    }
}

internal import COpenSSL

/// One running computation of libcrypto.
@safe struct DigestContext: ~Copyable {
    private let context: OpaquePointer
    private let length: Int

    enum Algorithm { case sha256, sha512 }

    /// The corresponding C functions are `EVP_MD_CTX_new` and `EVP_DigestInit_ex`.
    init(_ algorithm: Algorithm) {
        let algorithm =
            switch algorithm {
            case .sha256: unsafe EVP_sha256()
            case .sha512: unsafe EVP_sha512()
            }
        guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, algorithm, nil) == 1
        else {
            // Out of memory, or an OpenSSL whose configuration removes the default algorithms.
            fatalError("libcrypto cannot compute SHA-2: its default provider is missing")
        }
        unsafe self.context = unsafe context
        length = Int(unsafe EVP_MD_get_size(algorithm))
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// The corresponding C function is `EVP_DigestUpdate`.
    func update(_ bytes: borrowing RawSpan) {
        let done = unsafe bytes.withUnsafeBytes { buffer in
            unsafe EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
        precondition(done == 1, "EVP_DigestUpdate")
    }

    /// The corresponding C function is `EVP_DigestFinal_ex`.
    consuming func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: length)
        let done = unsafe EVP_DigestFinal_ex(context, &digest, nil)
        precondition(done == 1, "EVP_DigestFinal_ex")
        return digest
    }
}

internal import COpenSSL

/// The error queue of libcrypto, which belongs to the thread.
enum OpenSSLErrors {
    /// The corresponding C function is `ERR_clear_error`.
    static func clear() { ERR_clear_error() }

    /// Empties the queue; the reason of the first error, or nil when there was none.
    ///
    /// The corresponding C functions are `ERR_get_error` and `ERR_reason_error_string`.
    @discardableResult
    static func drain() -> String? {
        var first: String?
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return first }
            if first == nil {
                first =
                    unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
                    ?? "error \(code)"
            }
        }
    }
}

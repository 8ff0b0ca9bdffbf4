internal import COpenSSL

/// Bytes that libcrypto reads from memory.
@safe struct MemoryBIO: ~Copyable {
    let pointer: OpaquePointer

    /// The bytes are copied.
    ///
    /// Nil only when memory runs out. The corresponding C functions are `BIO_new` and `BIO_write_ex`.
    init?(_ bytes: [UInt8]) {
        guard let pointer = unsafe BIO_new(BIO_s_mem()) else { return nil }
        var written = 0
        // Writing nothing is an error to libcrypto.
        let done = bytes.isEmpty ? 1 : unsafe BIO_write_ex(pointer, bytes, bytes.count, &written)
        guard done == 1 else {
            unsafe BIO_free(pointer)
            return nil
        }
        unsafe self.pointer = unsafe pointer
    }

    /// Runs a call that reads bytes where they are, without a copy; nil only when memory runs out.
    ///
    /// The corresponding C function is `BIO_new_mem_buf`.
    static func reading<Result>(_ bytes: [UInt8], _ body: (OpaquePointer) -> Result) -> Result? {
        unsafe bytes.withUnsafeBytes { buffer in
            guard let pointer = unsafe BIO_new_mem_buf(buffer.baseAddress, Int32(clamping: buffer.count))
            else { return nil }
            defer { unsafe BIO_free(pointer) }
            return unsafe body(pointer)
        }
    }

    /// How many bytes are left.
    ///
    /// The corresponding C function is `BIO_ctrl_pending`.
    var pending: Int { unsafe BIO_ctrl_pending(pointer) }

    deinit { unsafe BIO_free(pointer) }
}

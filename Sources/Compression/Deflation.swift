internal import CZlib

/// Bytes made small with deflate.
package enum Deflation {
    /// A file as gzip makes it (RFC 1952), without a name and a time: the same bytes give the same file.
    ///
    /// The corresponding C function is `deflate`.
    package static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = unsafe z_stream()
        let length = unsafe Int32(MemoryLayout<z_stream>.size)
        let started = unsafe deflateInit2_(
            &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, length)
        guard started == Z_OK else { return nil }
        defer { _ = unsafe deflateEnd(&stream) }
        var bytes = bytes
        var isWhole = false
        let room = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
        let packed = unsafe [UInt8](unsafeUninitializedCapacity: room) { output, used in
            unsafe bytes.withUnsafeMutableBufferPointer { input in
                unsafe stream.next_in = input.baseAddress
                unsafe stream.avail_in = UInt32(input.count)
                unsafe stream.next_out = output.baseAddress
                unsafe stream.avail_out = UInt32(output.count)
                isWhole = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END
                used = unsafe output.count - Int(stream.avail_out)
            }
        }
        return isWhole ? packed : nil
    }
}

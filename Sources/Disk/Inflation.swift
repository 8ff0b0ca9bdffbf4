internal import CZlib

/// Bytes that deflate (RFC 1951) made small.
enum Inflation {
    /// Window of 4 KiB and no header, as qcow2 has it.
    private static let window: Int32 = -12

    /// Exactly `count` bytes; what follows them is not looked at.
    ///
    /// The corresponding C function is `inflate`.
    static func bytes(_ packed: [UInt8], count: Int) throws(DiskError) -> [UInt8] {
        var packed = packed
        var produced = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { output, used in
            unsafe packed.withUnsafeMutableBufferPointer { input in
                produced = unsafe inflate(input, into: output)
            }
            used = produced
        }
        guard produced == count else { throw .malformed("a compressed cluster that does not unpack") }
        return bytes
    }

    private static func inflate(
        _ input: UnsafeMutableBufferPointer<UInt8>, into output: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        var stream = unsafe z_stream()
        let length = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(&stream, window, ZLIB_VERSION, length) == Z_OK else { return 0 }
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = UInt32(output.count)
        _ = unsafe CZlib.inflate(&stream, Z_FINISH)
        _ = unsafe inflateEnd(&stream)
        return unsafe output.count - Int(stream.avail_out)
    }
}

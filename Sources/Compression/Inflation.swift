internal import CZlib

/// Bytes that deflate (RFC 1951) made small, as they were.
package enum Inflation {
    /// How the packed bytes are framed.
    package enum Form: Sendable {
        /// A window of 4 KiB and no header, as qcow2 has it.
        case qcow2
        /// A file of gzip's (RFC 1952).
        case gzip

        fileprivate var window: Int32 {
            switch self {
            case .qcow2: -12
            case .gzip: 15 + 16
            }
        }
    }

    /// As many bytes as there are, at most `limit`; nil when there are more or the packed bytes are damaged.
    package static func bytes(_ packed: [UInt8], _ form: Form, limit: Int) -> [UInt8]? {
        unpack(packed, form, room: limit, wantsEnd: true)
    }

    /// Exactly `count` bytes; what follows them is not looked at.
    package static func bytes(_ packed: [UInt8], _ form: Form, count: Int) -> [UInt8]? {
        unpack(packed, form, room: count, wantsEnd: false).flatMap { $0.count == count ? $0 : nil }
    }

    /// The corresponding C function is `inflate`.
    private static func unpack(_ packed: [UInt8], _ form: Form, room: Int, wantsEnd: Bool) -> [UInt8]? {
        var packed = packed
        var isWhole = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: room) { output, used in
            unsafe packed.withUnsafeMutableBufferPointer { input in
                (used, isWhole) = unsafe inflate(input, form, into: output)
            }
        }
        return isWhole || !wantsEnd ? bytes : nil
    }

    private static func inflate(
        _ input: UnsafeMutableBufferPointer<UInt8>, _ form: Form,
        into output: UnsafeMutableBufferPointer<UInt8>
    ) -> (count: Int, isWhole: Bool) {
        var stream = unsafe z_stream()
        let length = unsafe Int32(MemoryLayout<z_stream>.size)
        guard unsafe inflateInit2_(&stream, form.window, ZLIB_VERSION, length) == Z_OK else {
            return (0, false)
        }
        unsafe stream.next_in = input.baseAddress
        unsafe stream.avail_in = UInt32(input.count)
        unsafe stream.next_out = output.baseAddress
        unsafe stream.avail_out = UInt32(output.count)
        let result = unsafe CZlib.inflate(&stream, Z_FINISH)
        _ = unsafe inflateEnd(&stream)
        return unsafe (output.count - Int(stream.avail_out), result == Z_STREAM_END)
    }
}

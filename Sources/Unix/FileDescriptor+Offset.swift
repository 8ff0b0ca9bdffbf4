internal import CLinux

extension FileDescriptor {
    /// At most `count` bytes from an offset; the position stays.
    ///
    /// Less only at the end of the file. The corresponding C function is `pread`.
    package func read(upTo count: Int, at offset: Int64) throws(UnixError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let descriptor = rawValue
        var done = 0
        while done < count {
            let start = done
            let got = try checked("pread") {
                unsafe bytes.withUnsafeMutableBytes { buffer in
                    unsafe pread(
                        descriptor, buffer.baseAddress.map { unsafe $0 + start }, count - start,
                        Int(offset) + start)
                }
            }
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(count - done)
        return bytes
    }

    /// All of the bytes at an offset; the position stays.
    ///
    /// The corresponding C function is `pwrite`.
    package func write(_ bytes: [UInt8], at offset: Int64) throws(UnixError) {
        let descriptor = rawValue
        var done = 0
        while done < bytes.count {
            let start = done
            done += try checked("pwrite") {
                unsafe bytes.withUnsafeBytes { buffer in
                    unsafe pwrite(
                        descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start,
                        Int(offset) + start)
                }
            }
        }
    }

    /// As `write(_:at:)`, with a hole for each block of zeros; the file must read as zeros there.
    ///
    /// A hole at the end does not make the file longer: `truncate(to:)` does.
    package func writeSparsely(_ bytes: [UInt8], at offset: Int64) throws(UnixError) {
        let block = 4096
        var start = 0
        var end = 0
        while end < bytes.count {
            let next = min(bytes.count, end + block)
            if bytes[end..<next].allSatisfy({ $0 == 0 }) {
                if start < end { try write(Array(bytes[start..<end]), at: offset + Int64(start)) }
                start = next
            }
            end = next
        }
        if start == 0 {
            try write(bytes, at: offset)
        } else if start < end {
            try write(Array(bytes[start..<end]), at: offset + Int64(start))
        }
    }

    /// Hands over the whole file from its beginning, a mebibyte at a time.
    package func pieces(_ body: ([UInt8]) throws(UnixError) -> Void) throws(UnixError) {
        var offset: Int64 = 0
        while true {
            let bytes = try read(upTo: 1 << 20, at: offset)
            if bytes.isEmpty { return }
            try body(bytes)
            offset += Int64(bytes.count)
        }
    }

    /// Makes the file that long; new bytes are a hole.
    ///
    /// The corresponding C function is `ftruncate`.
    package func truncate(to size: Int64) throws(UnixError) {
        let descriptor = rawValue
        try checked("ftruncate") { ftruncate(descriptor, Int(size)) }
    }
}

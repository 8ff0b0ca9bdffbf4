internal import CLinux

/// Finds bytes in bytes.
package enum ByteSearch {
    /// Where `needle` begins first at or behind `start`; nil when it does not.
    ///
    /// The corresponding C function is `memmem`.
    package static func first(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard start >= 0, start < bytes.count else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            unsafe needle.withUnsafeBytes { needle in
                guard let base = bytes.baseAddress, let sought = needle.baseAddress,
                    let found = unsafe memmem(base + start, bytes.count - start, sought, needle.count)
                else { return nil }
                return unsafe UnsafeRawPointer(found) - base
            }
        }
    }

    /// Where the byte stands first at or behind `start`; nil when it does not.
    ///
    /// The corresponding C function is `memchr`.
    package static func first(_ byte: UInt8, in bytes: [UInt8], from start: Int) -> Int? {
        guard start >= 0, start < bytes.count else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let found = unsafe memchr(base + start, Int32(byte), bytes.count - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    /// Where the byte stands last before `end`; nil when it does not.
    ///
    /// The corresponding C function is `memrchr`.
    package static func last(_ byte: UInt8, in bytes: [UInt8], before end: Int) -> Int? {
        guard end > 0, end <= bytes.count else { return nil }
        return unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let found = unsafe memrchr(base, Int32(byte), end)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }
}

internal import CLinux

extension FileDescriptor {
    /// Makes the file unchangeable for good, each read checked by the kernel; false where the file system or
    /// kernel cannot, see fs-verity of the kernel's documentation.
    ///
    /// The file must be open for reading, and for writing nowhere. The corresponding C function is `ioctl` with
    /// `FS_IOC_ENABLE_VERITY`.
    package func enableVerity() throws(UnixError) -> Bool {
        let descriptor = rawValue
        do throws(UnixError) {
            try checked("FS_IOC_ENABLE_VERITY") { linux_fs_ioc_enable_verity(descriptor) }
            return true
        } catch {
            if error.code == EEXIST { return true }
            let cannot = [ENOTTY, EOPNOTSUPP, EINVAL, ENOSYS, ENOPKG, EPERM, EACCES]
            guard cannot.contains(error.code) else { throw error }
            return false
        }
    }

    /// What the kernel measured the file as, `sha256:HEX`, in constant time; nil for a file without fs-verity.
    ///
    /// The corresponding C function is `ioctl` with `FS_IOC_MEASURE_VERITY`.
    package var verity: String? {
        var digest = [UInt8](repeating: 0, count: 32)
        let descriptor = rawValue
        let result = unsafe digest.withUnsafeMutableBytes { buffer in
            unsafe linux_fs_ioc_measure_verity(
                descriptor, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        guard result == 0 else { return nil }
        return "sha256:"
            + digest.map { byte in
                let text = String(byte, radix: 16)
                return text.count == 1 ? "0" + text : text
            }.joined()
    }
}

extension Files {
    /// Gives a file this time of modification, in seconds since 1970; makes an empty one when there is none.
    ///
    /// The corresponding C function is `futimens`.
    package static func touch(_ path: String, at seconds: Int64) throws(UnixError) {
        let file = try FileDescriptor.open(path, [.write, .create, .noFollow], mode: 0o600)
        let descriptor = file.rawValue
        try checked("futimens", path) { linux_futimens(descriptor, seconds) }
    }
}

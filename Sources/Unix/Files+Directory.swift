internal import CLinux

extension Files {
    /// Removes an empty directory. The corresponding C function is `rmdir`.
    package static func removeDirectory(_ path: String) throws(UnixError) {
        try checked("rmdir", path) { unsafe rmdir(path) }
    }
}

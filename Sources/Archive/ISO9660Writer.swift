internal import CArchive

/// Writes a volume as ISO 9660 with Rock Ridge and Joliet.
///
/// libarchive gathers the contents in an unlinked temporary file before it writes the image.
@safe
package struct ISO9660Writer: ~Copyable {
    private let archive: OpaquePointer

    /// Begins a volume without a label on an open file, at its position.
    ///
    /// The corresponding C functions are `archive_write_set_options` and `archive_write_open_fd`.
    package static func open(to descriptor: Int32) throws(ArchiveError) -> ISO9660Writer {
        guard let archive = unsafe archive_write_new() else {
            throw ArchiveError(call: "archive_write_new", message: "out of memory")
        }
        let writer = unsafe ISO9660Writer(archive)
        try writer.check(
            "archive_write_set_format_iso9660", unsafe archive_write_set_format_iso9660(archive))
        // Strict Rock Ridge keeps the modes as they are; no padding behind the last file.
        let options = "rockridge=strict,joliet,!pad"
        try writer.check("archive_write_set_options", unsafe archive_write_set_options(archive, options))
        try writer.check("archive_write_open_fd", unsafe archive_write_open_fd(archive, descriptor))
        return writer
    }

    private init(_ archive: OpaquePointer) { unsafe self.archive = unsafe archive }

    deinit { unsafe archive_write_free(archive) }

    /// Begins a file; its bytes come next.
    ///
    /// The corresponding C function is `archive_write_header`.
    package func begin(_ name: String, mode: UInt32, size: Int64) throws(ArchiveError) {
        try add(name, type: carchive_AE_IFREG, mode: mode, size: size)
    }

    /// Adds a directory that everybody may look into.
    package func add(directory name: String) throws(ArchiveError) {
        try add(name, type: carchive_AE_IFDIR, mode: 0o555, size: 0)
    }

    private func add(_ name: String, type: UInt32, mode: UInt32, size: Int64) throws(ArchiveError) {
        guard let entry = unsafe archive_entry_new() else { throw failure("archive_entry_new") }
        defer { unsafe archive_entry_free(entry) }
        unsafe archive_entry_set_pathname(entry, name)
        unsafe archive_entry_set_filetype(entry, type)
        unsafe archive_entry_set_perm(entry, mode)
        unsafe archive_entry_set_size(entry, size)
        try check("archive_write_header", unsafe archive_write_header(archive, entry))
    }

    /// Adds bytes to the file that was begun last.
    ///
    /// The corresponding C function is `archive_write_data`.
    package func add(_ bytes: [UInt8]) throws(ArchiveError) {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe archive_write_data(archive, $0.baseAddress, $0.count)
        }
        guard count == bytes.count else { throw failure("archive_write_data") }
    }

    /// Writes the image; its dates are those of the moment.
    ///
    /// The corresponding C function is `archive_write_close`.
    package consuming func close() throws(ArchiveError) {
        try check("archive_write_close", unsafe archive_write_close(archive))
    }

    private func check(_ call: String, _ result: Int32) throws(ArchiveError) {
        guard result == ARCHIVE_OK else { throw failure(call) }
    }

    private func failure(_ call: String) -> ArchiveError {
        let text = unsafe archive_error_string(archive)
        return ArchiveError(
            call: call, message: unsafe text.map { unsafe String(cString: $0) } ?? "unknown error")
    }
}

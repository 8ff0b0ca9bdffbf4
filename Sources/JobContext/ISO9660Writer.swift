internal import CArchive
internal import Unix

/// Writes a volume as ISO 9660 with Rock Ridge and Joliet through libarchive.
///
/// libarchive gathers the contents in an unlinked temporary file before it writes the image.
@safe
struct ISO9660Writer: ~Copyable {
    private let archive: OpaquePointer
    private let volume: String

    /// The corresponding C function is `archive_write_new`.
    private init(volume: String) throws(ContextError) {
        guard let archive = unsafe archive_write_new() else {
            throw .archive(call: "archive_write_new", volume: volume, message: "out of memory")
        }
        unsafe self.archive = archive
        self.volume = volume
    }

    deinit { unsafe archive_write_free(archive) }

    /// Writes the image to an open file at its position; its dates are still those of the moment.
    static func write(_ volume: Volume, to file: borrowing FileDescriptor) throws(ContextError) {
        let writer = try ISO9660Writer(volume: volume.label)
        try writer.open(file.rawValue)
        for directory in volume.directories { try writer.add(directory: directory) }
        for file in volume.files { try writer.add(file) }
        try writer.check("archive_write_close", unsafe archive_write_close(writer.archive))
    }

    /// The corresponding C functions are `archive_write_set_options` and `archive_write_open_fd`.
    private func open(_ descriptor: Int32) throws(ContextError) {
        try check("archive_write_set_format_iso9660", unsafe archive_write_set_format_iso9660(archive))
        // Strict Rock Ridge keeps the modes as they are; no padding behind the last file.
        let options = "rockridge=strict,joliet,!pad"
        try check("archive_write_set_options", unsafe archive_write_set_options(archive, options))
        try check("archive_write_open_fd", unsafe archive_write_open_fd(archive, descriptor))
    }

    private func add(_ file: Volume.File) throws(ContextError) {
        switch file.content {
        case .bytes(let bytes):
            try add(file, size: Int64(bytes.count))
            try add(bytes)
        case .copy(let path):
            let source = try ContextError.reading(path) { () throws(UnixError) in
                try FileDescriptor.open(path, [.read, .nonBlocking])
            }
            let status = try ContextError.reading(path) { () throws(UnixError) in try source.status() }
            guard status.kind == .regular else { throw .file(UnixError("open", UnixError.invalid, path)) }
            try add(file, size: status.size)
            try copy(source, path: path, size: status.size)
        }
    }

    private func copy(_ source: borrowing FileDescriptor, path: String, size: Int64) throws(ContextError) {
        var rest = size
        while rest > 0 {
            let bytes: [UInt8]
            do throws(UnixError) {
                bytes = try source.read(upTo: Int(min(rest, 1 << 20)))
            } catch {
                throw .file(UnixError(error.call, error.code, path))
            }
            guard !bytes.isEmpty else { throw .file(UnixError("read", UnixError.invalid, path)) }
            try add(bytes)
            rest -= Int64(bytes.count)
        }
    }

    private func add(_ file: Volume.File, size: Int64) throws(ContextError) {
        try add(file.name, type: carchive_AE_IFREG, mode: file.mode, size: size)
    }

    private func add(directory name: String) throws(ContextError) {
        try add(name, type: carchive_AE_IFDIR, mode: 0o555, size: 0)
    }

    /// The corresponding C function is `archive_write_header`.
    private func add(_ name: String, type: UInt32, mode: UInt32, size: Int64) throws(ContextError) {
        guard let entry = unsafe archive_entry_new() else { throw failure("archive_entry_new") }
        defer { unsafe archive_entry_free(entry) }
        unsafe archive_entry_set_pathname(entry, name)
        unsafe archive_entry_set_filetype(entry, type)
        unsafe archive_entry_set_perm(entry, mode)
        unsafe archive_entry_set_size(entry, size)
        try check("archive_write_header", unsafe archive_write_header(archive, entry))
    }

    /// The corresponding C function is `archive_write_data`.
    private func add(_ bytes: [UInt8]) throws(ContextError) {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe archive_write_data(archive, $0.baseAddress, $0.count)
        }
        guard count == bytes.count else { throw failure("archive_write_data") }
    }

    private func check(_ call: String, _ result: Int32) throws(ContextError) {
        guard result == ARCHIVE_OK else { throw failure(call) }
    }

    private func failure(_ call: String) -> ContextError {
        let text = unsafe archive_error_string(archive)
        return .archive(
            call: call, volume: volume,
            message: unsafe text.map { unsafe String(cString: $0) } ?? "unknown error")
    }
}

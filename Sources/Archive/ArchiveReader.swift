internal import CArchive

/// Reads one compressed file, or the members of a tar archive, one after the other.
///
/// Only what is asked for is understood: no other filter, none within another, and no other format.
@safe
package struct ArchiveReader: ~Copyable {
    /// What the bytes are said to be.
    package enum Kind: Hashable, Sendable {
        case gzip, bzip2, xz, zstd
        /// Not compressed.
        case tar
    }

    /// What a tar archive says of a member.
    package struct Member: Hashable, Sendable {
        /// Nil when it is no ASCII text.
        package let name: String?
        /// A file with bytes of its own, not a link, a directory or a device.
        package let isRegular: Bool
        package let size: Int64
    }

    private let archive: OpaquePointer
    private let kind: Kind

    /// Bytes that are read at once.
    private static let blockSize = 1 << 18

    /// Reads an open file from its position on.
    ///
    /// The corresponding C function is `archive_read_open_fd`.
    package static func open(_ kind: Kind, from descriptor: Int32) throws(ArchiveError) -> ArchiveReader {
        guard let archive = unsafe archive_read_new() else {
            throw ArchiveError(call: "archive_read_new", message: "out of memory")
        }
        let reader = unsafe ArchiveReader(archive, kind)
        if kind == .tar {
            try reader.check(
                "archive_read_support_format_tar", unsafe archive_read_support_format_tar(archive))
        } else {
            try reader.check(
                "archive_read_support_format_raw", unsafe archive_read_support_format_raw(archive))
            try reader.check("archive_read_support_filter_\(kind)", reader.addFilter())
        }
        try reader.check(
            "archive_read_open_fd", unsafe archive_read_open_fd(archive, descriptor, blockSize))
        return reader
    }

    private init(_ archive: OpaquePointer, _ kind: Kind) {
        unsafe self.archive = unsafe archive
        self.kind = kind
    }

    deinit { unsafe archive_read_free(archive) }

    private func addFilter() -> Int32 {
        switch kind {
        case .gzip: unsafe archive_read_support_filter_gzip(archive)
        case .bzip2: unsafe archive_read_support_filter_bzip2(archive)
        case .xz: unsafe archive_read_support_filter_xz(archive)
        case .zstd: unsafe archive_read_support_filter_zstd(archive)
        case .tar: ARCHIVE_OK
        }
    }

    private var code: Int32 {
        switch kind {
        case .gzip: ARCHIVE_FILTER_GZIP
        case .bzip2: ARCHIVE_FILTER_BZIP2
        case .xz: ARCHIVE_FILTER_XZ
        case .zstd: ARCHIVE_FILTER_ZSTD
        case .tar: ARCHIVE_FILTER_NONE
        }
    }

    /// The next member, or the one content of a compressed file; nil when there is no more.
    ///
    /// The corresponding C function is `archive_read_next_header`.
    package func next() throws(ArchiveError) -> Member? {
        var entry: OpaquePointer?
        let result = unsafe archive_read_next_header(archive, &entry)
        if result == ARCHIVE_EOF { return nil }
        try check("archive_read_next_header", result)
        guard let entry = unsafe entry else { return nil }
        try checkFilters()
        let type = unsafe UInt32(archive_entry_filetype(entry))
        let isLink = unsafe archive_entry_hardlink(entry) != nil
        return Member(
            name: unsafe Self.text(archive_entry_pathname(entry)),
            isRegular: type == carchive_AE_IFREG && !isLink, size: unsafe archive_entry_size(entry))
    }

    /// What is not compressed passes for compressed zero times, and filters are stacked as they are found.
    ///
    /// The corresponding C functions are `archive_filter_count` and `archive_filter_code`.
    private func checkFilters() throws(ArchiveError) {
        let count = unsafe archive_filter_count(archive)
        let isAsDeclared =
            unsafe archive_filter_code(archive, 0) == code && count == (kind == .tar ? 1 : 2)
        guard isAsDeclared else {
            throw ArchiveError(call: "archive_filter_code", message: "the bytes are not \(kind), once")
        }
    }

    private static func text(_ string: UnsafePointer<CChar>?) -> String? {
        guard let string = unsafe string else { return nil }
        let text = unsafe String(cString: string)
        return text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? text : nil
    }

    /// The next bytes of the member; empty at its end.
    ///
    /// The corresponding C function is `archive_read_data`.
    package func read(upTo count: Int) throws(ArchiveError) -> [UInt8] {
        var result = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            result = unsafe archive_read_data(archive, buffer.baseAddress, count)
            used = max(0, result)
        }
        guard result >= 0 else { throw failure("archive_read_data") }
        return bytes
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

/// What lies around an image's bytes on their way, as `hv:format` of an image list declares it; never guessed.
package enum Packing: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing: the bytes that come are the image.
    case plain
    case gzip
    case bzip2
    case xz
    case zstd
    /// A tar archive of an OVF description and one disk.
    case ova

    /// By the end of a declared format, `raw.gz`.
    static let suffixes: [(suffix: String, packing: Packing)] = [
        (".gz", .gzip), (".bz2", .bzip2), (".xz", .xz), (".zst", .zstd), (".zstd", .zstd),
    ]
}

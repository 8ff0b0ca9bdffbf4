package import Job

/// How the bytes of an image file in the store are to be read; always as declared, never by looking.
package enum ImageFormat: String, Hashable, Sendable, Codable {
    case raw
    case qcow2

    /// Reads `hv:format` of an image list, in either case of letters: a format, perhaps packed, or `ova`, whose
    /// disk becomes qcow2.
    package static func declared(_ declared: String?) throws(Refusal) -> (
        format: ImageFormat, packing: Packing
    ) {
        guard let declared else {
            throw Refusal(
                .ImageUnavailable, "the image list does not say which format the image has (hv:format)")
        }
        var name = declared.lowercased()
        if name == "ova" { return (.qcow2, .ova) }
        var packing = Packing.plain
        if let found = Packing.suffixes.first(where: { name.hasSuffix($0.suffix) }) {
            packing = found.packing
            name.removeLast(found.suffix.count)
        }
        guard let format = ImageFormat(rawValue: name) else {
            throw Refusal(
                .ImageUnavailable,
                "images of the format '\(declared.prefix(32))' are not supported: raw and qcow2 are, as they are "
                    + "or with .gz, .bz2, .xz or .zst, and ova")
        }
        return (format, packing)
    }
}

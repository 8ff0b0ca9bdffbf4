package import Job

/// How the bytes of an image file are to be read; always as declared, never by looking.
package enum ImageFormat: String, Hashable, Sendable, Codable {
    case raw
    case qcow2

    /// Reads `hv:format` of an image list, in either case of letters.
    package init(declared: String?) throws(Refusal) {
        guard let declared else {
            throw Refusal(
                .ImageUnavailable, "the image list does not say which format the image has (hv:format)")
        }
        guard let format = ImageFormat(rawValue: declared.lowercased()) else {
            throw Refusal(
                .ImageUnavailable,
                "images of the format '\(declared.prefix(32))' are not supported: raw and qcow2 are")
        }
        self = format
    }
}

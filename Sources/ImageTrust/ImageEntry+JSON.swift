internal import Digest
internal import JSON
internal import Job

extension ImageEntry {
    /// Reads the `hv:image` object of the element at a position of `hv:images`.
    init(_ value: JSON?, _ position: Int) throws(Refusal) {
        let name = value?["dc:identifier"]?.text ?? value?["dc:title"]?.text
        let subject = name.map { "image \(position) (\($0.prefix(80)))" } ?? "image \(position)"
        guard let image = ListReader(value, subject) else {
            throw Refusal(.BadType, "image \(position) is not an object with an object hv:image")
        }
        identifier = try image.identifier("dc:identifier")
        title = try image.words("dc:title")
        description = try image.words("dc:description")
        version = try image.version("hv:version")
        uri = try image.uri("hv:uri")
        size = try Self.size(image)
        guard let digest = ImageDigest(try image.string("sl:checksum:sha512")) else {
            throw image.refuse(.BadChecksum, "sl:checksum:sha512", "is not 128 hexadecimal digits")
        }
        sha512 = digest
        hypervisor = try image.words("hv:hypervisor")
        arch = try image.words("sl:arch")
        os = try image.words("sl:os")
        osVersion = try image.words("sl:osversion")
        comments = try image.words("sl:comments")
        format =
            image.has("hv:format") ? try image.string("hv:format").lowercased() : nil
        expires =
            image.has("dc:date:expires") ? try image.moment("dc:date:expires") : nil
    }

    /// Reads `hv:size`, which is a number or, in lists of the AppDB, decimal digits in a string.
    private static func size(_ image: ListReader) throws(Refusal) -> ByteCount {
        let size: Int64? =
            switch try image.required("hv:size") {
            case .integer(let value): value
            case .string(let text) where text.utf8.allSatisfy({ (0x30...0x39).contains($0) }): Int64(text)
            default: nil
            }
        guard let size, size > 0 else {
            throw image.refuse(.BadSize, "hv:size", "is not a positive number of bytes")
        }
        return ByteCount(size)
    }
}

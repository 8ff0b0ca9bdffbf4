internal import FoundationEssentials
internal import ImageTrust

/// What a list says of its images, one a line, so that a job's start reads only the one that it is about.
///
/// A line is a letter, the image's identifier (`-` where it cannot be read) and JSON: `i` an image, `r` one that
/// is refused for what the list says of it, `h` the highest version ever seen.
struct ImagesFile {
    /// A line is none of ours.
    private struct Corrupt: Error {}

    private enum Kind: UInt8, CaseIterable {
        case image = 0x69
        case refused = 0x72
        case highest = 0x68
    }

    /// The lines of a list.
    static func bytes(_ list: StoredList) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes: [UInt8] = []
        func add(_ kind: Kind, _ name: String, _ value: some Encodable) throws {
            bytes += [kind.rawValue, 0x20] + name.utf8 + [0x20]
            bytes += try encoder.encode(value)
            bytes.append(0x0A)
        }
        for image in list.images { try add(.image, image.entry.identifier.description, image) }
        for refused in list.refused { try add(.refused, refused.identifier?.description ?? "-", refused) }
        for (identifier, version) in list.highest.sorted(by: { $0.key.description < $1.key.description }) {
            try add(.highest, identifier.description, version)
        }
        return bytes
    }

    /// Adds to a list what the lines say of one image, or of all of them.
    static func read(_ bytes: [UInt8], of wanted: ImageIdentifier?, into list: inout StoredList) throws {
        let decoder = JSONDecoder()
        let name = wanted.map { Array($0.description.utf8) + [0x20] }
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            defer { start = end + 1 }
            let line = bytes[start..<end]
            guard line.count > 4 else { throw Corrupt() }
            if let name, !line.dropFirst(2).starts(with: name) { continue }
            guard let kind = Kind(rawValue: line[start]),
                let space = line.dropFirst(2).firstIndex(of: 0x20)
            else { throw Corrupt() }
            let json = Data(line[(space + 1)...])
            switch kind {
            case .image: list.images.append(try decoder.decode(StoredList.Image.self, from: json))
            case .refused: list.refused.append(try decoder.decode(ListedImage.Refused.self, from: json))
            case .highest:
                let identifier = ImageIdentifier(String(decoding: line[(start + 2)..<space], as: UTF8.self))
                guard let identifier else { throw Corrupt() }
                list.highest[identifier] = try decoder.decode(ListVersion.self, from: json)
            }
        }
    }
}

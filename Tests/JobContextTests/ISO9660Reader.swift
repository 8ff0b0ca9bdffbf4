/// A second opinion on ISO 9660: reads back the one directory of a volume, as a guest's kernel would.
struct ISO9660Reader {
    struct Entry: Equatable {
        var name: String
        var mode: Int
        var uid: Int
        var gid: Int
        var content: [UInt8]
    }

    let bytes: [UInt8]

    private func word(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) } }

    private func descriptor(_ kind: UInt8) -> Int? {
        stride(from: 16 * 2048, to: bytes.count, by: 2048).prefix { bytes[$0] != 255 }.first {
            bytes[$0] == kind
        }
    }

    var label: String {
        guard let primary = descriptor(1) else { return "" }
        return String(decoding: bytes[(primary + 40)..<(primary + 72)], as: UTF8.self).trimmed
    }

    private func records(_ kind: UInt8) -> [Int] {
        guard let descriptor = descriptor(kind) else { return [] }
        let start = word(descriptor + 158) * 2048
        var found: [Int] = []
        var offset = start
        while offset < start + word(descriptor + 166) {
            if bytes[offset] == 0 {
                offset = (offset / 2048 + 1) * 2048
                continue
            }
            // "." and ".." are the bytes 0 and 1.
            if bytes[offset + 32] > 1 || bytes[offset + 33] > 1 { found.append(offset) }
            offset += Int(bytes[offset])
        }
        return found
    }

    /// Files with the names, modes and owners of Rock Ridge.
    var entries: [Entry] {
        records(1).map { record in
            var entry = Entry(name: "", mode: -1, uid: -1, gid: -1, content: content(record))
            let length = Int(bytes[record + 32])
            var field = record + 33 + length + (length % 2 == 0 ? 1 : 0)
            while field + 4 <= record + Int(bytes[record]), bytes[field] != 0 {
                let size = Int(bytes[field + 2])
                switch String(decoding: bytes[field..<(field + 2)], as: UTF8.self) {
                case "NM": entry.name += String(decoding: bytes[(field + 5)..<(field + size)], as: UTF8.self)
                case "PX":
                    (entry.mode, entry.uid, entry.gid) = (word(field + 4), word(field + 20), word(field + 28))
                default: break
                }
                field += size
            }
            return entry
        }
    }

    /// Names in the Joliet tree.
    var joliet: [String] {
        records(2).map { record in
            let name = bytes[(record + 33)..<(record + 33 + Int(bytes[record + 32]))]
            let units = stride(from: name.startIndex, to: name.endIndex, by: 2).map {
                UInt16(name[$0]) << 8 | UInt16(name[$0 + 1])
            }
            return String(decoding: units, as: UTF16.self)
        }
    }

    private func content(_ record: Int) -> [UInt8] {
        // Where an empty file lies means nothing.
        guard word(record + 10) > 0 else { return [] }
        let start = word(record + 2) * 2048
        return Array(bytes[start..<(start + word(record + 10))])
    }
}

extension String {
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}

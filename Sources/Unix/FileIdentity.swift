/// What tells in constant time that a file is still the one that was looked at: any write, truncation, change
/// of owner or replacement changes it, see inode(7).
///
/// Who can write the file system's device or set the clock back can forge it; root alone can.
package struct FileIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
    /// Length in bytes.
    package let size: Int64
    /// Nanoseconds since 1970.
    package let modified: Int64
    package let changed: Int64

    package init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
        size = status.size
        modified = status.modified
        changed = status.changed
    }
}

extension FileIdentity: LosslessStringConvertible {
    /// Reads the five numbers of `description`.
    package init?(_ text: String) {
        let words = text.split(separator: ":", omittingEmptySubsequences: false)
        guard words.count == 5, let device = UInt64(words[0]), let inode = UInt64(words[1]),
            let size = Int64(words[2]), let modified = Int64(words[3]), let changed = Int64(words[4])
        else { return nil }
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    /// Device, inode, size and both times, with colons between.
    package var description: String { "\(device):\(inode):\(size):\(modified):\(changed)" }
}

extension FileIdentity: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let identity = FileIdentity(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not a file identity: '\(text)'")
        }
        self = identity
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

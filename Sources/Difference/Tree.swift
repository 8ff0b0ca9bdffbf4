internal import Disk
internal import Unix

/// All names of a file system, by their paths from its root, as a tar archive of it tells them.
struct Tree {
    struct Node {
        var facts: Change.Facts
        /// What `ContentHash` makes of a file's bytes, or where a link leads.
        var content: [UInt8]
        /// Extended attributes.
        var attributes: [[UInt8]: [UInt8]]
    }

    private(set) var nodes: [[UInt8]: Node] = [:]

    private static let limit = 4 << 20

    /// Reads an archive to its end; `report` is told now and then how many names there were.
    init(_ file: consuming FileDescriptor, report: (Int) -> Void) throws(DiskError) {
        var reader = TarReader(file)
        while let entry = try reader.next() {
            guard nodes.count < Self.limit else { throw .unsupported("more than \(Self.limit) names") }
            let path = Self.path(entry.path)
            if entry.type == nil {
                guard let first = nodes[Self.path(entry.target)] else {
                    throw .malformed("a tar archive with a second name of a file that has no first")
                }
                nodes[path] = first
            } else {
                var hash = ContentHash()
                while let (place, bytes) = try reader.read() { hash.update(bytes, at: place) }
                let content =
                    switch entry.type {
                    case "file": hash.finish(size: entry.size)
                    case "link": entry.target
                    default: [UInt8]()
                    }
                nodes[path] = Node(
                    facts: Change.Facts(entry), content: content, attributes: entry.attributes)
            }
            if nodes.count % 10_000 == 0 { report(nodes.count) }
        }
        report(nodes.count)
    }

    /// Without what stands for the root in front, and a directory's slash at the end; empty for the root.
    private static func path(_ name: [UInt8]) -> [UInt8] {
        var parts = name.split(separator: UInt8(ascii: "/"))
        if parts.first == [UInt8(ascii: ".")] { parts.removeFirst() }
        return Array(parts.joined(separator: [UInt8(ascii: "/")]))
    }
}

extension Change.Facts {
    fileprivate init(_ entry: TarReader.Entry) {
        self.init(
            type: entry.type ?? "unknown", mode: entry.mode, uid: entry.uid, gid: entry.gid, size: entry.size,
            modified: entry.modified,
            target: entry.type == "link" ? Self.shown(entry.target) : nil, device: entry.device,
            attributes: entry.attributes.keys.map { PrintableName.text($0) }.sorted())
    }
}

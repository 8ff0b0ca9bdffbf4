import CToml

/// A text read as TOML.
enum TomlDocument {
    /// The longest document that is read, in bytes.
    static let lengthLimit = 1 << 20
    /// The longest line that is read, in bytes.
    ///
    /// A key has as many levels as its line has dots, and toml++ takes tables down by recursion.
    static let lineLimit = 4096
    /// How deep tables and arrays may lie in each other.
    static let depthLimit: UInt32 = 8

    /// The entries of the document's root table.
    static func parse(_ bytes: [UInt8], file: String) throws(SiteFault) -> [TomlEntry] {
        guard bytes.count <= lengthLimit else {
            throw SiteFault(
                file: file, message: "longer than \(lengthLimit) bytes: divide it or drop what is not needed")
        }
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
        where line.count > lineLimit {
            throw SiteFault(
                file: file, line: index + 1, column: lineLimit + 1,
                message: "a line longer than \(lineLimit) bytes: break it, one element a line")
        }
        var nodes = FlatNodes()
        var error = ctoml_error()
        let status = unsafe bytes.withUnsafeBytes { document in
            unsafe withUnsafeMutablePointer(to: &nodes) { nodes in
                unsafe ctoml_walk(
                    document.baseAddress.map { unsafe $0.assumingMemoryBound(to: CChar.self) },
                    document.count,
                    depthLimit, FlatNodes.append, nodes, &error)
            }
        }
        guard status == 0 else {
            let message = unsafe withUnsafeBytes(of: &error.message) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw SiteFault(
                file: file, line: Int(error.line), column: Int(error.column),
                message: "not TOML: " + message.prefix(1).lowercased() + message.dropFirst())
        }
        var rest = nodes.nodes[...]
        guard let root = rest.popFirst() else { return [] }
        return (0..<root.children).compactMap { _ in entry(&rest) }
    }

    private static func entry(_ rest: inout ArraySlice<FlatNodes.Node>) -> TomlEntry? {
        guard let key = rest.first?.key, let node = node(&rest) else { return nil }
        return TomlEntry(key: key, node: node)
    }

    private static func node(_ rest: inout ArraySlice<FlatNodes.Node>) -> TomlNode? {
        guard let flat = rest.popFirst() else { return nil }
        let value: TomlNode.Value =
            switch flat.kind {
            case CTOML_TABLE: .table((0..<flat.children).compactMap { _ in entry(&rest) })
            case CTOML_ARRAY: .array((0..<flat.children).compactMap { _ in node(&rest) })
            case CTOML_STRING: .string(flat.text)
            case CTOML_INTEGER: .integer(flat.integer)
            case CTOML_BOOLEAN: .boolean(flat.integer != 0)
            case CTOML_FLOAT: .float
            default: .date
            }
        return TomlNode(value: value, place: flat.place)
    }
}

/// The nodes of a document in the order in which they are reported, copied out of toml++'s memory.
private struct FlatNodes {
    struct Node {
        let kind: ctoml_kind
        let children: Int
        let key: String?
        let text: String
        let integer: Int64
        let place: TomlPlace
    }

    var nodes: [Node] = []

    static let append: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<ctoml_node>?) -> Void = {
        guard let list = unsafe $0?.assumingMemoryBound(to: FlatNodes.self), let node = unsafe $1?.pointee
        else { return }
        unsafe list.pointee.nodes.append(
            Node(
                kind: node.kind, children: node.children,
                key: node.key.map { unsafe text($0, node.key_length) },
                text: node.text.map { unsafe text($0, node.text_length) } ?? "", integer: node.integer,
                place: TomlPlace(line: Int(node.line), column: Int(node.column))))
    }

    private static func text(_ start: UnsafePointer<CChar>, _ length: Int) -> String {
        unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
    }
}

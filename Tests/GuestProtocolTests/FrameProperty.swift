import GuestProtocol
import Unix

/// What must hold of everything that the other side may send; `FrameFuzzTests` and the fuzzer of `Tests/Fuzz` ask
/// the same.
enum FrameProperty: String, CaseIterable {
    /// What a launcher hears.
    case frames
    /// A launch order.
    case order
    /// The entries of a working directory.
    case tree

    /// What does not hold; nil when all does.
    func fault(_ bytes: [UInt8]) -> String? {
        switch self {
        case .frames: Self.frames(bytes)
        case .order: Self.order(bytes)
        case .tree: Self.tree(bytes)
        }
    }

    private static func frames(_ bytes: [UInt8]) -> String? {
        var reader = FrameReader(accepting: .toLauncher)
        var rest = bytes[...]
        do throws(ProtocolError) {
            while !rest.isEmpty {
                rest = rest.dropFirst(reader.fill(from: rest))
                while let frame = try reader.next() {
                    guard frame.kind.lengths.contains(frame.body.count) else {
                        return "a length that is not allowed"
                    }
                    guard reader.bytes.indices.contains(frame.body.lowerBound) || frame.body.isEmpty else {
                        return "a body outside of the bytes"
                    }
                    if frame.kind == .returned, let fault = tree(Array(reader.bytes[frame.body])) {
                        return fault
                    }
                }
            }
        } catch { return nil }
        return nil
    }

    private static func order(_ bytes: [UInt8]) -> String? {
        guard let order = try? LaunchOrder(parsing: bytes) else { return nil }
        for place in order.stage?.places ?? [] where !place.path.isAbsolute || place.path.names == nil {
            return "a place that is no absolute path"
        }
        return (try? LaunchOrder(parsing: order.bytes)) == order
            ? nil : "what is written reads as something else"
    }

    private static func tree(_ bytes: [UInt8]) -> String? {
        var reader = TreeRecordReader(.returned, bytes, bytes.indices)
        while let record = try? reader.next() {
            switch record {
            case .data(_, let range):
                guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
                    return "data outside of the bytes"
                }
            case .directory(let name, _), .file(let name, _), .gone(let name), .link(let name, _, _):
                guard !name.bytes.contains(0x2F), !name.bytes.contains(0), name.bytes.count <= 255,
                    !name.bytes.elementsEqual("..".utf8)
                else { return "a name that leads elsewhere" }
                if let fault = again(record) { return fault }
            default: if let fault = again(record) { return fault }
            }
        }
        return nil
    }

    private static func again(_ record: TreeRecord) -> String? {
        var bytes = [UInt8](repeating: 0, count: TreeRecordWriter.longest)
        var writer = TreeRecordWriter(bytes.indices)
        writer.add(record, to: &bytes)
        var reader = TreeRecordReader(.sent, bytes, 0..<writer.count)
        return (try? reader.next()) == record ? nil : "what is written reads as something else"
    }
}

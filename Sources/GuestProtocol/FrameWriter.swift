package import Unix

/// Frames on their way to the other side: what a write did not take waits here.
package struct FrameWriter: Sendable {
    private var bytes: [UInt8] = []
    /// Where frames begin, so that a body behind its header begins at a multiple of 16: the kernel copies
    /// that faster.
    private static let origin = 16 - FrameHeader.length
    private var start = origin
    private var end = origin

    package init() { bytes = [UInt8](repeating: 0, count: 2 * 32_768) }

    /// Bytes that wait to be written.
    package var pending: Int { end - start }

    /// Whether a frame of stream data may be added: not while one waits, so that streams share the way fairly
    /// and what waits stays bounded.
    package var isFree: Bool { pending == 0 }

    /// Drops what waits: the other side is somebody else now.
    package mutating func reset() {
        start = Self.origin
        end = Self.origin
    }

    /// Adds a frame with this body.
    package mutating func append(_ kind: FrameKind, _ body: [UInt8] = []) {
        precondition(kind.lengths.contains(body.count), "a frame of this length would be refused")
        makeRoom(FrameHeader.length + body.count)
        writeHeader(kind, length: body.count)
        bytes.replaceSubrange(end..<end + body.count, with: body)
        end += body.count
    }

    /// Adds a frame whose body is what one read from the descriptor brings, at most `limit` bytes; nothing
    /// is added unless the read brings some.
    package mutating func append(
        _ kind: FrameKind, from descriptor: Int32, limit: Int = FrameHeader.longestBody
    ) throws(UnixError) -> Transfer.Outcome {
        let limit = min(limit, FrameHeader.longestBody)
        makeRoom(FrameHeader.length + limit)
        let outcome = try Transfer.read(
            from: descriptor, into: &bytes, at: end + FrameHeader.length, upTo: limit)
        if case .bytes(let count) = outcome {
            writeHeader(kind, length: count)
            end += count
        }
        return outcome
    }

    /// Adds a frame whose body is written in place: `body` is given the bytes and the room in them, and returns
    /// how many it has written from the start of the room on; for none nothing is added.
    package mutating func append(_ kind: FrameKind, writing body: (inout [UInt8], Range<Int>) -> Int) {
        makeRoom(FrameHeader.length + FrameHeader.longestBody)
        let start = end + FrameHeader.length
        let count = body(&bytes, start..<start + FrameHeader.longestBody)
        guard count > 0 else { return }
        writeHeader(kind, length: count)
        end += count
    }

    /// Writes what waits, once; nothing is left when this is `.bytes` and `pending` is 0.
    package mutating func flush(to descriptor: Int32) throws(UnixError) -> Transfer.Outcome {
        guard pending > 0 else { return .bytes(0) }
        let outcome = try Transfer.write(bytes, from: start, count: pending, to: descriptor)
        if case .bytes(let count) = outcome { start += count }
        if start == end { reset() }
        return outcome
    }

    /// What waits, for a conversation that needs no descriptor.
    package mutating func take() -> [UInt8] {
        defer { reset() }
        return Array(bytes[start..<end])
    }

    private mutating func writeHeader(_ kind: FrameKind, length: Int) {
        bytes[end] = kind.rawValue
        for offset in 0..<4 { bytes[end + 1 + offset] = UInt8(truncatingIfNeeded: length >> (8 * offset)) }
        end += FrameHeader.length
    }

    private mutating func makeRoom(_ count: Int) {
        guard end + count > bytes.count else { return }
        Transfer.move(within: &bytes, from: start, to: 0, count: end - start)
        end -= start
        start = 0
        if end + count > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: end + count - bytes.count))
        }
    }
}

package import Unix

/// A frame in a reader's buffer, valid until the reader reads again.
package struct Frame: Hashable, Sendable {
    package let kind: FrameKind
    /// Where in `FrameReader.bytes` the body lies.
    package let body: Range<Int>
}

/// Takes a byte stream apart into frames, in whatever pieces it arrives, and refuses what is none.
package struct FrameReader: Sendable {
    /// Room for what one read brings and the rest of a frame before it.
    private static let capacity = 3 * 32_768
    /// Room that one read can fill; as long as there is that much, nothing is moved to make more.
    private static let worthwhile = 32_768

    private let accepted: Set<FrameKind>
    /// The bytes that frames point into.
    package private(set) var bytes: [UInt8]
    private var start = 0
    private var end = 0

    /// A reader that refuses every kind but these.
    package init(accepting accepted: Set<FrameKind>) {
        self.accepted = accepted
        bytes = [UInt8](repeating: 0, count: Self.capacity)
    }

    /// Whether part of a frame is there.
    package var isInsideFrame: Bool { end > start }

    /// Forgets what has been read: the other side is somebody else now.
    package mutating func reset() {
        start = 0
        end = 0
    }

    /// Reads once from the descriptor; frames found before are no longer valid.
    ///
    /// All frames must have been taken by `next`.
    package mutating func fill(from descriptor: Int32) throws(UnixError) -> Transfer.Outcome {
        compact()
        let outcome = try Transfer.read(from: descriptor, into: &bytes, at: end, upTo: bytes.count - end)
        if case .bytes(let count) = outcome { end += count }
        return outcome
    }

    /// Takes bytes as if they had been read; as many as there is room for, and tells how many.
    package mutating func fill(from source: ArraySlice<UInt8>) -> Int {
        compact()
        let count = min(source.count, bytes.count - end)
        bytes.replaceSubrange(end..<end + count, with: source.prefix(count))
        end += count
        return count
    }

    /// The next whole frame; nil until more has been read.
    ///
    /// A refusal is final.
    package mutating func next() throws(ProtocolError) -> Frame? {
        guard end - start >= 1 else { return nil }
        guard let kind = FrameKind(rawValue: bytes[start]) else {
            throw ProtocolError.unknownKind(bytes[start])
        }
        guard accepted.contains(kind) else { throw ProtocolError.wrongDirection(kind) }
        guard end - start >= FrameHeader.length else { return nil }
        var length = 0
        for offset in (1..<FrameHeader.length).reversed() {
            length = length << 8 | Int(bytes[start + offset])
        }
        guard kind.lengths.contains(length) else { throw ProtocolError.wrongLength(kind, length) }
        let body = start + FrameHeader.length
        guard end - body >= length else { return nil }
        start = body + length
        return Frame(kind: kind, body: body..<start)
    }

    private mutating func compact() {
        if start == end {
            reset()
        } else if bytes.count - end < Self.worthwhile {
            Transfer.move(within: &bytes, from: start, to: 0, count: end - start)
            end -= start
            start = 0
        }
    }
}

extension Set<FrameKind> {
    /// What an agent accepts on its payload port.
    package static let toAgent: Set = [
        .begin, .part, .stdin, .stdinEnd, .signal, .outputCredit, .outputClosed, .terminal, .heartbeat,
        .sent, .enough,
    ]
    /// What a launcher accepts.
    package static let toLauncher: Set = [
        .started, .stdout, .stderr, .inputCredit, .inputClosed, .exited, .killed, .failed, .heartbeat,
        .remark, .returned,
    ]
    /// What an agent accepts on its control port.
    package static let toControl: Set = [.hello, .notice, .clock, .top, .heartbeat]
    /// What the host accepts from the control port.
    package static let fromControl: Set = [.ready, .clockSet, .processes, .noticed, .heartbeat]
}

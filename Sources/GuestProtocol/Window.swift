/// Flow control of one stream: the sender may be ahead of the receiver's output by the window and no more, so
/// that a stream nobody reads holds up neither the other streams nor signals.
package enum Window {
    /// Bytes of each stream that may be under way at first.
    package static let size = 1 << 20
    /// The receiver tells of room when that much has gathered, to keep such frames few.
    package static let step = 256 << 10
}

/// The sender's side of a window.
package struct SendWindow: Hashable, Sendable {
    /// Bytes that may be sent now.
    package private(set) var room = Window.size

    package init() {}

    /// Bytes are on their way; never more than there is room for.
    package mutating func sent(_ count: Int) { room -= count }

    /// Takes the receiver's credit; more room than a window has is refused.
    package mutating func add(_ credit: Credit) throws(ProtocolError) {
        guard room + credit.bytes <= Window.size else {
            throw ProtocolError.badBody(credit.kind, "more credit than was used")
        }
        room += credit.bytes
    }
}

/// The receiver's side of a window.
package struct ReceiveWindow: Hashable, Sendable {
    private var room = Window.size
    private var written = 0

    package init() {}

    /// Bytes have come; more than there was room for is refused.
    package mutating func received(_ count: Int, _ kind: FrameKind) throws(ProtocolError) {
        guard count <= room else { throw ProtocolError.overrun(kind) }
        room -= count
    }

    /// Bytes have reached their destination or were dropped; the credit to send, when there is enough.
    package mutating func written(_ count: Int, of stream: PayloadStream) -> Credit? {
        written += count
        guard written >= Window.step else { return nil }
        defer {
            room += written
            written = 0
        }
        return Credit(stream, bytes: written)
    }
}

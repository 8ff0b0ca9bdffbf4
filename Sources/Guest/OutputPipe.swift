internal import GuestProtocol
internal import Unix

/// One of the payload's outputs on its way to the launcher.
struct OutputPipe: ~Copyable {
    /// Room in the pipe, in bytes.
    private static let room: Int32 = 512 << 10

    let kind: FrameKind
    private var file: FileDescriptor?
    /// -1 when closed.
    private(set) var rawValue: Int32
    private(set) var window = SendWindow()
    /// Bytes that are still taken; nil for all that come.
    private var budget: Int?

    /// An output that nothing comes from: a terminal has one for both.
    init(closed kind: FrameKind) {
        self.kind = kind
        rawValue = -1
    }

    init(_ kind: FrameKind, _ file: consuming FileDescriptor) throws(UnixError) {
        try file.setNonBlocking()
        file.widenPipe(to: Self.room)
        self.kind = kind
        rawValue = file.rawValue
        self.file = consume file
    }

    var isOpen: Bool { rawValue >= 0 }
    /// Whether there is room at the other side.
    var mayRead: Bool { isOpen && window.room > 0 }

    /// Moves what one read brings into a frame; whether it brought anything.
    mutating func read(into writer: inout FrameWriter) -> Bool {
        let limit = min(window.room, budget ?? .max)
        guard isOpen, limit > 0 else { return false }
        switch try? writer.append(kind, from: rawValue, limit: limit) {
        case .bytes(let count):
            window.sent(count)
            if let left = budget {
                budget = left - count
                if left == count { close() }
            }
            return true
        case .wouldBlock: return false
        case .end, nil:
            close()
            return false
        }
    }

    mutating func add(_ credit: Credit) throws(ProtocolError) { try window.add(credit) }

    /// Takes what is in the pipe now and nothing that comes later: somebody holds it open for ever.
    mutating func takeNoMore() {
        guard isOpen, budget == nil else { return }
        let waiting = Transfer.waiting(in: rawValue) ?? 0
        budget = waiting
        if waiting == 0 { close() }
    }

    mutating func close() {
        file = nil
        rawValue = -1
    }
}
